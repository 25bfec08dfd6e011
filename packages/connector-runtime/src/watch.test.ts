import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from './types/log.ts';
import { createWatch } from './watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('looks first within one interval, then about once in each, also after a look that failed', async () => {
  let looks = 0;
  const warnings: string[] = [];
  const watch = createWatch({
    everyMs: 1000,
    async look() {
      looks += 1;
      if (looks === 1) throw new Error('no database');
    },
    failure: 'could not look',
    log: { ...silentLog, warn: (message) => void warnings.push(message) },
  });
  watch.start();
  await vi.advanceTimersByTimeAsync(1000);
  expect([looks >= 1, warnings]).toEqual([true, ['could not look']]);
  const before = looks;
  await vi.advanceTimersByTimeAsync(1250 * 8);
  expect(looks - before).toBeGreaterThanOrEqual(8);
  expect(looks - before).toBeLessThanOrEqual(14);
  await watch.stop();
});

it('tells a look in hand to end, waits for it, and looks no more', async () => {
  let looks = 0;
  const ended: boolean[] = [];
  const watch = createWatch({
    everyMs: 1000,
    async look(signal) {
      looks += 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended.push(signal.aborted);
    },
    failure: '',
    log: silentLog,
  });
  watch.start();
  await vi.advanceTimersByTimeAsync(1000);
  await watch.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([looks, ended]).toEqual([1, [true]]);
});
