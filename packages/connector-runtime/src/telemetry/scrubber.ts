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
  // By their first characters, so that the cost of a line does not grow with the number of secrets.
  const byStart = new Map<string, Map<string, number>>();

  const change = (secret: string, by: 1 | -1) => {
    for (const form of secretForms(secret)) {
      const start = form.slice(0, SHORTEST_FORM);
      const forms = byStart.get(start) ?? new Map<string, number>();
      const count = (forms.get(form) ?? 0) + by;
      if (count > 0) forms.set(form, count);
      else forms.delete(form);
      if (forms.size > 0) byStart.set(start, forms);
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

type Span = readonly [from: number, to: number];

/** All of them: a secret may begin within another. */
function findSpans(text: string, byStart: ReadonlyMap<string, ReadonlyMap<string, number>>): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at + SHORTEST_FORM <= text.length; at++) {
    const forms = byStart.get(text.slice(at, at + SHORTEST_FORM));
    if (forms === undefined) continue;
    let longest = 0;
    for (const form of forms.keys()) if (form.length > longest && text.startsWith(form, at)) longest = form.length;
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
