import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.ts';
import { thirdPartyLicenses } from './third-party-licenses.ts';

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli.ts',
    'manifest-validate': 'src/manifest-validate.ts',
    'check-thread': 'src/validate/check-thread.ts',
  },
  // Few files start faster than the hundreds of these packages; see docs/decisions/0036-cold-start.md.
  noExternal: ['@org/connector-sdk', 'commander', 'zod'],
  esbuildPlugins: [thirdPartyLicenses('dist/third-party-licenses.txt')],
});
