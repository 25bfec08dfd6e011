/** What a command may touch of the process around it. Results go to `out`, progress and errors to `err`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly now: () => Date;
  /** All of standard input, up to `maxBytes` and one more; absent where there is none. */
  readonly readInput?: (maxBytes: number) => Promise<Uint8Array>;
  /** Somebody watches: colours on `out`, progress on `err`. */
  readonly outIsTerminal?: boolean;
  readonly errIsTerminal?: boolean;
}

/** What a command found: lines for people, and the same as one JSON document. */
export interface Report {
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  /** All that goes to stdout, in a format of the command's own, in place of `lines` and `json`. */
  readonly text?: string;
  /** Where `ok` does not say enough. */
  readonly exitCode?: number;
}
