import type { Options } from 'tsup';

/** How every package is bundled: ESM only; declarations come from `tsc` (see docs/decisions/0003-build.md). */
export const base: Options = {
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2024',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: true,
  splitting: true,
  treeshake: true,
};
