/** Shorter than this, a form would match by chance all over the logs. */
export const SHORTEST_FORM = 4;
/** Of the lines of a secret: what an error quotes of a key is often one of them. */
const SHORTEST_LINE = 16;

/**
 * How a secret can look in text: itself, within JSON (also twice, and in ASCII alone), in base64 wherever it starts in what was
 * encoded, in hex, and in a URL or a form. Of one with several lines, each line as well.
 */
export function secretForms(secret: string): ReadonlySet<string> {
  const text = secret.toWellFormed();
  const bytes = Buffer.from(text, 'utf8');
  const json = jsonInside(text);
  const forms = [
    secret,
    text,
    json,
    jsonInside(json),
    json.replaceAll(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    ...percentForms(text),
    ...linesOf(text),
  ];
  return new Set(forms.filter((form) => form.length >= SHORTEST_FORM));
}

function jsonInside(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Without those that are the same in every key (`-----BEGIN PRIVATE KEY-----`). */
function linesOf(text: string): string[] {
  const lines = text.split(/[\r\n]+/);
  return lines.length < 2 ? [] : lines.filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'));
}

/** The characters that depend on the secret alone when `offset` (mod 3) other bytes come before it. */
function base64At(bytes: Buffer, offset: number): string[] {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const own = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
}

function percentForms(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams({ v: text }).toString().slice(2);
  const all = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  return [component, strict, form, all].flatMap((encoded) => [
    encoded,
    encoded.replaceAll(/%[0-9A-F]{2}/g, (triplet) => triplet.toLowerCase()),
  ]);
}
