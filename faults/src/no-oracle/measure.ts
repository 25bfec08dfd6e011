import { shuffled } from '../shuffled.ts';
import { momentsOf, percentile, welch } from './welch.ts';

export type Times = ReadonlyMap<string, number[]>;

/** How sure it has to be that times differ; of 24 comparisons one in 6,000 runs says so by chance. */
export const MAX_T = 4.5;

/** Of the slowest samples, of all kinds alike, so many are left out: what the machine did meanwhile. */
const KEPT = 0.95;

interface Sampling {
  readonly kinds: readonly string[];
  /** Of each kind. */
  readonly samples: number;
  /** At once. */
  readonly concurrency: number;
  random(): number;
  send(kind: string): Promise<unknown>;
}

/** Milliseconds until the answer, by kind: one kind after the other in random order, so that whatever else happens falls on all. */
export async function sampleTimes({ kinds, samples, concurrency, random, send }: Sampling): Promise<Times> {
  const order = shuffled(
    kinds.flatMap((kind) => Array.from({ length: samples }, () => kind)),
    random,
  );
  const times = new Map<string, number[]>(kinds.map((kind) => [kind, []]));
  let next = 0;
  const sender = async () => {
    for (let kind = order[next++]; kind !== undefined; kind = order[next++]) {
      const started = performance.now();
      await send(kind);
      times.get(kind)?.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
  return times;
}

/** Each kind against all the others together: the largest |t|, and which exceed {@link MAX_T}. */
export function compareTimes(times: Times): { readonly largest: number; readonly apart: ReadonlyMap<string, number> } {
  const limit = percentile([...times.values()].flat(), KEPT);
  const kept = new Map([...times].map(([kind, values]) => [kind, values.filter((value) => value <= limit)]));
  const apart = new Map<string, number>();
  let largest = 0;
  for (const [kind, values] of kept) {
    const others = [...kept].filter(([other]) => other !== kind).flatMap(([, all]) => all);
    const t = welch(momentsOf(values), momentsOf(others));
    largest = Math.max(largest, Math.abs(t));
    if (!(Math.abs(t) < MAX_T)) apart.set(kind, t);
  }
  return { largest, apart };
}

/** Kinds whose median is further from the median of all than `share` of it. */
export function compareWork(times: Times, share: number): readonly string[] {
  const middle = percentile([...times.values()].flat(), 0.5);
  return [...times].flatMap(([kind, values]) => {
    const median = percentile(values, 0.5);
    return Math.abs(median - middle) <= middle * share
      ? []
      : [`${kind}: ${(median * 1000).toFixed(0)} µs, where all together take ${(middle * 1000).toFixed(0)} µs`];
  });
}
