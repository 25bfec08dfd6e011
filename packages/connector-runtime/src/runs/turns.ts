/** The order in which results came to a workflow, as far as it matters: kept until something that depends on it is begun. */
export interface Turns {
  note(key: string, turn: number): void;
  /** Journals what was noted so far. Nothing that the workflow did since is begun before. */
  flush(): Promise<void>;
}

export type WriteTurns = (turns: readonly { readonly key: string; readonly turn: number }[]) => Promise<void>;

export function createTurns(write: WriteTurns): Turns {
  let noted: { key: string; turn: number }[] = [];
  let writing = Promise.resolve();
  return {
    note: (key, turn) => void noted.push({ key, turn }),
    flush() {
      if (noted.length > 0) {
        const turns = noted;
        noted = [];
        writing = writing.then(() => write(turns));
      }
      return writing;
    },
  };
}
