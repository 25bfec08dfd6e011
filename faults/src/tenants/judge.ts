/** An answer as a stranger can compare it: every part of it, with what must differ made equal. */
export interface Seen {
  readonly status: number;
  /** The body alone. */
  readonly text: string;
  /** Status, headers and body. */
  readonly raw: string;
  readonly shape: string;
}

export async function see(answer: Response): Promise<Seen> {
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  const [status, text] = [answer.status, await answer.text()];
  const raw = `${status}\n${headers}\n${text}`;
  return { status, text, raw, shape: shapeOf(raw) };
}

/** Ids in any spelling are one; so are times and what is made anew for each answer. */
function shapeOf(text: string): string {
  return text
    .replaceAll(/(?:%[0-9a-f]{2}|[0-9a-f]){8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
}

/** A canary in any form in which a value may come out. */
export function createCanarySearch(canary: string): (text: string) => boolean {
  const bytes = Buffer.from(canary);
  const forms = [canary, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')];
  return (text) => forms.some((form) => text.includes(form));
}

/** Ways to write the same id or the same path, for parsers that disagree. */
export const spellings: Readonly<Record<string, (path: string, id: string) => string>> = {
  'upper-case': (path, id) => path.replaceAll(id, id.toUpperCase()),
  'percent-encoded': (path, id) => path.replaceAll(id, `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`),
  'trailing-slash': (path) => path.replace(/(\?|$)/, '/$1'),
  'double-slash': (path, id) => path.replaceAll(`/${id}`, `//${id}`),
  nul: (path, id) => path.replaceAll(id, `${id}%00`),
  'encoded-slash': (path, id) => path.replaceAll(`/${id}`, `%2F${id}`),
  'dot-segments': (path, id) => path.replaceAll(id, `${id}/x/..`),
  'encoded-dots': (path, id) => path.replaceAll(id, `${id}/x/%2e%2e`),
  'path-parameter': (path, id) => path.replaceAll(id, `${id};x=1`),
  'urn-prefix': (path, id) => path.replaceAll(id, `urn:uuid:${id}`),
  braces: (path, id) => path.replaceAll(id, `%7B${id}%7D`),
  'without-dashes': (path, id) => path.replaceAll(id, id.replaceAll('-', '')),
  'extra-query': (path, id) => `${path}${path.includes('?') ? '&' : '?'}tenantId=${id}`,
  'white-space': (path, id) => path.replaceAll(id, `${id}%20`),
  'full-width': (path, id) => path.replaceAll(id, encodeURIComponent(`\uff10${id.slice(1)}`)),
};
