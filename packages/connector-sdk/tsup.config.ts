import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.ts';

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    registry: 'src/registry.ts',
    validation: 'src/validation/index.ts',
    diff: 'src/diff/index.ts',
  },
});
