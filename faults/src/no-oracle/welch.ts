export interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

export function momentsOf(values: readonly number[]): Moments {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { n, mean, variance: squares / (n - 1) };
}

/** Welch's t of two samples: how sure it is that their means differ, whatever their variances. */
export function welch(a: Moments, b: Moments): number {
  const error = Math.sqrt(a.variance / a.n + b.variance / b.n);
  return error === 0 ? 0 : (a.mean - b.mean) / error;
}

/** The value below which this share of all samples lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}
