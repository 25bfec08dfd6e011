import type { LeftOut } from '../leave-out.ts';

export interface TrustJob {
  readonly seed: number;
  /** Signatures to construct of each kind. */
  readonly vectors: number;
  /** Also on a runtime of its own, with restarts or without. */
  readonly runtime: 'none' | 'started' | 'restarted';
  readonly leftOut?: LeftOut;
}

export interface TrustAnswer {
  readonly tried: number;
  readonly violations: readonly string[];
}
