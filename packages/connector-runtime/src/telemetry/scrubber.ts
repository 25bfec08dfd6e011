import { SHORTEST_FORM, secretForms } from './secret-forms.ts';

export interface Scrubber {
  /** From now on its forms are scrubbed, until it was unregistered as often as registered. Under 4 characters: ignored. */
  register(secret: string): void;
  unregister(secret: string): void;
  /** The text with every form of every known secret replaced by `[secret]`. */
  scrub(text: string): string;
}

/** Knows the secrets that are in use, to keep them out of everything that is logged. */
export function createScrubber(): Scrubber {
  const uses = new Map<string, number>();
  // By their first characters, and in order: the cost of a line hardly grows with the number of secrets, also where all of
  // them begin alike and somebody writes that beginning again and again.
  const byStart = new Map<string, Bucket>();

  const change = (secret: string, by: 1 | -1) => {
    for (const form of secretForms(secret)) {
      const start = form.slice(0, SHORTEST_FORM);
      const bucket = byStart.get(start) ?? { uses: new Map(), sorted: [] };
      changeUse(bucket, form, by);
      if (bucket.sorted.length > 0) byStart.set(start, bucket);
      else byStart.delete(start);
    }
  };

  return {
    register(secret) {
      const count = uses.get(secret) ?? 0;
      uses.set(secret, count + 1);
      if (count === 0) change(secret, 1);
    },
    unregister(secret) {
      const count = uses.get(secret) ?? 0;
      if (count > 1) uses.set(secret, count - 1);
      else if (uses.delete(secret)) change(secret, -1);
    },
    scrub: (text) => (byStart.size === 0 ? text : replaceSpans(text, findSpans(text, byStart))),
  };
}

/** Forms that begin alike. */
interface Bucket {
  readonly uses: Map<string, number>;
  /** The same forms, in the order of their code units. */
  readonly sorted: string[];
}

function changeUse({ uses, sorted }: Bucket, form: string, by: 1 | -1): void {
  const before = uses.get(form) ?? 0;
  const count = before + by;
  if (count > 0) uses.set(form, count);
  else uses.delete(form);
  const at = countUpTo(sorted, form);
  if (before === 0 && count > 0) sorted.splice(at, 0, form);
  if (before > 0 && count <= 0) sorted.splice(at - 1, 1);
}

/** How many of the sorted forms are not after `text`. */
function countUpTo(sorted: readonly string[], text: string): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const form = sorted[middle];
    if (form !== undefined && form <= text) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Length of the longest form that stands in the text at `at`; 0 when none does. */
function longestAt(text: string, at: number, sorted: readonly string[]): number {
  let end = text.length;
  for (;;) {
    // Whatever form stands there is not after the text, and so is a beginning of the last one that is not.
    const form = sorted[countUpTo(sorted, text.slice(at, end)) - 1];
    if (form === undefined) return 0;
    const alike = countAlike(form, text, at);
    if (alike === form.length) return alike;
    end = at + alike;
  }
}

function countAlike(form: string, text: string, at: number): number {
  let alike = 0;
  while (alike < form.length && form.charCodeAt(alike) === text.charCodeAt(at + alike)) alike += 1;
  return alike;
}

type Span = readonly [from: number, to: number];

/** All of them: a secret may begin within another. */
function findSpans(text: string, byStart: ReadonlyMap<string, Bucket>): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at + SHORTEST_FORM <= text.length; at++) {
    const bucket = byStart.get(text.slice(at, at + SHORTEST_FORM));
    if (bucket === undefined) continue;
    const longest = longestAt(text, at, bucket.sorted);
    if (longest > 0) spans.push([at, at + longest]);
  }
  return spans;
}

function replaceSpans(text: string, spans: readonly Span[]): string {
  let result = '';
  let done = 0;
  for (const [from, to] of spans) {
    if (from > done || done === 0) result += `${text.slice(done, from)}[secret]`;
    done = Math.max(done, to);
  }
  return result + text.slice(done);
}
