/** What a token looks like that a vendor made while the demo ran, and that we never saw: GitHub's, Slack's, a JWT, a Bearer header. */
const TOKEN =
  /\bgh[a-z]_[A-Za-z0-9]{20,}|\bxox[a-z]-[A-Za-z0-9-]{20,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.|\bbearer +[\w.~+/-]{24,}/i;

/**
 * True for a text in which one of the secrets stands (raw, in base64 at any offset, hex, URL or JSON encoded), or anything
 * that looks like a token.
 */
export type SecretSearch = (text: string) => boolean;

export function createSecretSearch(secrets: readonly string[]): SecretSearch {
  const forms = [...new Set(secrets.flatMap(linesOf).flatMap(formsOf))].filter((form) => form.length >= 12);
  return (text) => TOKEN.test(text) || forms.some((form) => text.includes(form));
}

/** A key has lines, and each of them is as secret as the whole. */
function linesOf(secret: string): string[] {
  return [secret, ...secret.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'))];
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) =>
    // The first and last characters depend on what stands around it.
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(offset === 0 ? 0 : 4, -2),
  );
  const url = encodeURIComponent(secret);
  const everyByte = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    url,
    url.replaceAll(/%../g, (triplet) => triplet.toLowerCase()),
    everyByte,
    everyByte.toUpperCase(),
    new URLSearchParams({ v: secret }).toString().slice(2),
    ...base64.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]),
  ];
}
