/** Tells the story as it happens, for people. With `--json` it goes to stderr, so that stdout is one line. */
export interface Timeline {
  /** A new part of the story. */
  part(title: string): void;
  /** Something that happened, with what is worth knowing of it. */
  tell(what: string, detail?: string): void;
}

export function createTimeline(out: NodeJS.WritableStream, startedAt: number): Timeline {
  const elapsed = () => `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
  return {
    part: (title) => void out.write(`\n${title}\n`),
    tell: (what, detail) => void out.write(`${elapsed()}  ${what}${detail ? `  ${detail}` : ''}\n`),
  };
}
