export type FaultSize = 'short' | 'long';

export interface FaultOptions {
  /** `short` belongs to `npm test`; `long` is run by hand. */
  readonly size: FaultSize;
  readonly seed: number;
  /** The next of a sequence that the seed fixes, from 0 up to 1. */
  random(): number;
  progress(line: string): void;
}

export interface FaultResult {
  /** Faults and inputs that were tried. */
  readonly tried: number;
  /** Each thing that broke the promise, in words. */
  readonly violations: readonly string[];
  /** The same checker found violations in a build that was broken on purpose. */
  readonly controlCaught: boolean;
  readonly notes: readonly string[];
  /** Why it can't be tried on this machine at all; it is not `ok` then. */
  readonly skipped?: string;
}

/** A promise and what tries to break it; its file `<name>.fault.ts` gives it its name. */
export interface Fault {
  readonly promise: string;
  run(options: FaultOptions): Promise<FaultResult>;
}

export function defineFault(fault: Fault): Fault {
  return fault;
}

/** Numbers from 0 up to 1 that depend on the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
