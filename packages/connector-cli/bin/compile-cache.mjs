import module from 'node:module';
import { fileURLToPath } from 'node:url';

// The compiled form of `dist` is kept, so that the command starts faster from its second run on. It lies inside this package
// and nowhere else: whoever can write there can change the code itself, which is not so for a folder that users share. Where
// the package can't be written, nothing is kept, and nothing is said. NODE_DISABLE_COMPILE_CACHE=1 turns it off.
if (!process.env.NODE_COMPILE_CACHE) {
  module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)));
}
