import { defineConfig } from 'vitest/config';

const resolve = { conditions: ['@org/source', 'node'] };
const ssr = { resolve };

/** `unit`: beside the source, no processes. `e2e`: real processes, real Postgres; needs a build. */
export default defineConfig({
  resolve,
  ssr,
  test: {
    // Many tests wait for a process or a database: more workers than cores keep two cores busy.
    maxWorkers: 4,
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          typecheck: { enabled: false },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'e2e',
          include: ['packages/*/e2e/**/*.test.ts', 'examples/*/e2e/**/*.test.ts', 'faults/src/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
