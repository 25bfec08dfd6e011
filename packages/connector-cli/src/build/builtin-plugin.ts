import type { Plugin } from 'esbuild';
import { builtinName, isAllowedBuiltin } from './builtin-policy.ts';
import { builtinStub } from './builtin-stub.ts';

/**
 * Decides about each import of a Node builtin: allowed ones stay imports, those in `stubs` are replaced, and all others
 * stay too, to be refused afterwards if they survive tree-shaking. A `require` of an allowed one becomes an import, so
 * that an artifact needs no `createRequire`.
 */
export function builtinPlugin(stubs: ReadonlySet<string>): Plugin {
  return {
    name: 'connector-builtins',
    setup(build) {
      build.onResolve({ filter: /^[a-z_:/]+$/ }, ({ path, kind }) => {
        const name = builtinName(path);
        if (name === undefined) return undefined;
        if (stubs.has(name)) return { path: name, namespace: 'stub' };
        if (kind === 'require-call' && isAllowedBuiltin(name)) return { path: name, namespace: 'builtin' };
        return { path: `node:${name}`, external: true };
      });
      build.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: builtinStub(path) }));
      build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
        contents: `module.exports = require('default-of:${path}').default;`,
      }));
      build.onResolve({ filter: /^default-of:/ }, ({ path }) => ({ path, namespace: 'builtin-default' }));
      build.onLoad({ filter: /.*/, namespace: 'builtin-default' }, ({ path }) => ({
        contents: `export { default } from 'node:${path.replace('default-of:', '')}';`,
      }));
    },
  };
}
