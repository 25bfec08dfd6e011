/** What a token looks like that a vendor made while the demo ran, and that we never saw: GitHub's, Slack's, a JWT, a Bearer header. */
const TOKEN =
  /\bgh[a-z]_[A-Za-z0-9]{20,}|\bxox[a-z]-[A-Za-z0-9-]{20,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.|\bbearer +[\w.~+/-]{24,}/i;

/**
 * True for a text in which one of the secrets stands (raw, in base64 at any offset, hex, URL or JSON encoded), or anything
 * that looks like a token.
 */
export type SecretSearch = (text: string) => boolean;

export function createSecretSearch(secrets: readonly string[]): SecretSearch {
  const forms = secrets.flatMap(formsOf);
  return (text) => TOKEN.test(text) || forms.some((form) => text.includes(form));
}

function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) =>
    // The first and last characters depend on what stands around it.
    Buffer.from(`${'x'.repeat(offset)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '')
      .slice(offset === 0 ? 0 : 4, -2),
  );
  const forms = [
    secret,
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    ...base64,
  ];
  return [...new Set(forms.filter((form) => form.length >= 12))];
}
