/** One figure: how often it was measured, and the spread. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface BenchOptions {
  /** Fewer samples, for a look while working. */
  readonly quick: boolean;
  /** A line for the person who waits. */
  progress(line: string): void;
}

export interface BenchResult {
  readonly rows: readonly Row[];
  /** `<a>/<b>` of two rows' medians: what does not depend on the machine. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** A benchmark; its file `<name>.bench.ts` gives it its name. */
export interface Bench {
  readonly summary: string;
  run(options: BenchOptions): Promise<BenchResult>;
}

export function defineBench(bench: Bench): Bench {
  return bench;
}

/** A row from samples; at least five, so that the median means something. */
export function rowOf(what: string, unit: string, samples: readonly number[]): Row {
  const sorted = [...samples].sort((a, b) => a - b);
  if (sorted.length < 5) throw new Error(`${what} has ${sorted.length} samples; measure at least 5`);
  return { what, unit, n: sorted.length, min: at(sorted, 0), median: at(sorted, 0.5), max: at(sorted, 1) };
}

/** The value below which this share of the samples lies; `sorted` ascending. */
export function at(sorted: readonly number[], share: number): number {
  return sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
}

export interface SamplePlan {
  readonly samples: number;
  /** Rounds that are run and not counted. */
  readonly warmUp: number;
}

/**
 * Milliseconds of each function, taken in turns, so that what else the machine does falls on all of them alike. A function
 * that returns a number has measured itself, in milliseconds.
 */
export async function sampleInterleaved<Name extends string>(
  subjects: Readonly<Record<Name, () => unknown>>,
  { samples, warmUp }: SamplePlan,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(subjects) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -warmUp; round < samples; round += 1) {
    for (const name of names) {
      const started = performance.now();
      const own = await subjects[name]();
      if (round >= 0) times[name].push(typeof own === 'number' ? own : performance.now() - started);
    }
  }
  return times;
}

/** Rounded for people to compare. */
export function ratio(a: Row, b: Row): number {
  return Math.round((a.median / b.median) * 1000) / 1000;
}
