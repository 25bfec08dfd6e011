import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.ts';

export default defineConfig({
  ...base,
  entry: ['src/index.ts', 'src/cli.ts', 'src/stages.ts', 'src/hosts/child/main.ts'],
});
