import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { createGathering, type GatheringOptions } from './gathering.ts';

const MAX_ITEMS = 5;
const MAX_WEIGHT = 20;

/** Answers n with n + 1, when it is told to; what is "bad" among several fails them all, for a reason of its own. */
function gatherer(over: Partial<GatheringOptions<number, number>> = {}) {
  const asked: { readonly items: readonly number[]; readonly end: (error?: Error) => void }[] = [];
  const gathering = createGathering<number, number>({
    askAll: (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => (error ? reject(error) : resolve(items.map((item) => item + 1)));
        asked.push({ items, end });
      }),
    isOfOne: (error) => error instanceof Error && error.message === 'bad',
    weigh: (item) => item,
    maxItems: MAX_ITEMS,
    maxWeight: MAX_WEIGHT,
    atOnce: 2,
    maxWaitMs: 60_000,
    late: () => new Error('late'),
    onIdle: () => undefined,
    ...over,
  });
  return { asked, ask: gathering.ask };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

it('gives each its own answer, in groups that are bounded, two at once at most, whatever ends when', async () => {
  const weights = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(weights, fc.infiniteStream(fc.nat({ max: 2 })), async (items, choices) => {
      let isIdle = false;
      const { asked, ask } = gatherer({ onIdle: () => (isIdle = true) });
      const answers = items.map((item) => ask(item));
      let ended = 0;
      for (const choice of choices) {
        const open = asked.slice(ended);
        expect(open.length).toBeLessThanOrEqual(2);
        if (open.length === 0) break;
        // The order in which two end does not matter: swap them at will.
        if (choice === 2 && open.length === 2) asked.splice(ended, 2, ...open.toReversed());
        asked[ended]?.end();
        ended += 1;
        await settled();
      }
      expect(await Promise.all(answers)).toEqual(items.map((item) => item + 1));
      expect(isIdle).toBe(true);
      for (const { items: group } of asked) {
        expect(group.length).toBeLessThanOrEqual(MAX_ITEMS);
        const weight = group.reduce((sum, item) => sum + item, 0);
        expect(group.length === 1 || weight <= MAX_WEIGHT).toBe(true);
      }
    }),
  );
});

it('fails nobody for what is wrong with another', async () => {
  const { asked, ask } = gatherer({ atOnce: 1 });
  const first = ask(0);
  const answers = [ask(1), ask(2), ask(3)].map((answer) => answer.catch(({ message }: Error) => message));
  asked[0]?.end();
  await first;
  await settled();
  expect(asked[1]?.items).toEqual([1, 2, 3]);
  asked[1]?.end(new Error('bad'));
  for (const index of [2, 3, 4]) {
    await settled();
    asked[index]?.end(index === 3 ? new Error('bad') : undefined);
  }
  expect(await Promise.all(answers)).toEqual([2, 'bad', 4]);
});

it('fails all for what is wrong with all, and asks once', async () => {
  const { asked, ask } = gatherer({ atOnce: 1 });
  const first = ask(0);
  const answers = [ask(1), ask(2)].map((answer) => answer.catch(({ message }: Error) => message));
  asked[0]?.end();
  await first;
  await settled();
  asked[1]?.end(new Error('connection lost'));
  expect(await Promise.all(answers)).toEqual(['connection lost', 'connection lost']);
  expect(asked).toHaveLength(2);
});

it('asks nothing for those who have gone, and goes on beside what hangs', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const { asked, ask } = gatherer({ atOnce: 1, maxWaitMs: 100 });
    const answers = [ask(1), ask(2)].map((answer) => answer.catch(({ message }: Error) => message));
    vi.advanceTimersByTime(101);
    expect(await Promise.all(answers)).toEqual(['late', 'late']);
    const next = ask(3);
    expect(asked.map(({ items }) => items)).toEqual([[1], [3]]);
    asked[1]?.end();
    expect(await next).toBe(4);
  } finally {
    vi.useRealTimers();
  }
});
