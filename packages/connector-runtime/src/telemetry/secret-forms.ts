/** Shorter than this, a form would match by chance all over the logs. */
export const SHORTEST_FORM = 4;

/**
 * How a secret can look in text: itself, within JSON, in base64 wherever it starts in what was encoded, in hex, and in a URL
 * or a form.
 */
export function secretForms(secret: string): ReadonlySet<string> {
  const text = secret.toWellFormed();
  const bytes = Buffer.from(text, 'utf8');
  const forms = [
    secret,
    text,
    JSON.stringify(text).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    ...percentForms(text),
  ];
  return new Set(forms.filter((form) => form.length >= SHORTEST_FORM));
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
