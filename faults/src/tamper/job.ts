import type { LeftOut } from '../leave-out.ts';

/** One share of the work, for one process. */
export interface TamperJob {
  /** Folder of a built artifact, unsigned. */
  readonly artifact: string;
  readonly seed: number;
  readonly work: TamperWork;
  readonly leftOut?: LeftOut;
}

export type TamperWork =
  /**
   * Random bits of every file; of one file, a bit of every byte; other sets of files; archives. With `codeBytes` the release
   * has only the beginning of the code, so that tens of thousands of verifications don't spend their time hashing it.
   */
  | {
      readonly kind: 'sample';
      readonly flipsPerFile: number;
      readonly everyByte?: 'manifest.json';
      readonly tars: number;
      readonly codeBytes?: number;
    }
  /** Random bits of the code, the whole of it; archives of the whole release. */
  | { readonly kind: 'sample-of-code'; readonly flips: number; readonly tars: number }
  /** All eight bits of every byte of every file but the code, through the whole verification. */
  | { readonly kind: 'every-bit' }
  /** All eight bits of these bytes of the code, through the step that compares files; random ones through all of it. */
  | { readonly kind: 'every-bit-of-code'; readonly from: number; readonly to: number; readonly whole: number }
  | { readonly kind: 'tars'; readonly tars: number };

export interface TamperAnswer {
  readonly tried: number;
  readonly violations: readonly string[];
  readonly peakMegabytes: number;
  /** How many refusals had each code. */
  readonly codes: Readonly<Record<string, number>>;
}
