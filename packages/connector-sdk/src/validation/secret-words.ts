const SECRET_WORDS = new Set([
  'password',
  'passwd',
  'passphrase',
  'secret',
  'secrets',
  'token',
  'credential',
  'credentials',
  'apikey',
  'privatekey',
  'accesskey',
]);

/** Pairs of words that only together name a secret. */
const SECRET_PAIRS = new Set([
  'api key',
  'private key',
  'access key',
  'signing key',
  'client secret',
  'session cookie',
]);

/** `tokenUrl` is an address, `tokenCount` a number: the last word says what the value is. */
const HARMLESS_LAST = new Set([
  'url',
  'uri',
  'endpoint',
  'type',
  'name',
  'id',
  'count',
  'limit',
  'length',
  'expiry',
  'lifetime',
  'seconds',
  'policy',
]);

/** Where a token marks a place in a list, not a right. */
const CURSOR_WORDS = new Set([
  'page',
  'next',
  'previous',
  'sync',
  'cursor',
  'continuation',
  'delta',
  'change',
  'resume',
]);

/** True for a property name such as `password`, `apiKey`, `client_secret`; false for `tokenUrl` or `nextPageToken`. */
export function isSecretName(name: string): boolean {
  if (!HINT.test(name)) return false;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  if (HARMLESS_LAST.has(words.at(-1) ?? '') || words.some((word) => CURSOR_WORDS.has(word))) return false;
  return words.some((word, index) => SECRET_WORDS.has(word) || SECRET_PAIRS.has(`${word} ${words[index + 1]}`));
}

const HINT = /passw|passphrase|secret|token|credential|key|cookie/i;

/** Forms of well-known credentials, as their issuers document them for secret scanners. */
const SECRET_VALUES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})/],
  ['a GitLab token', /\bglpat-[A-Za-z0-9_-]{20}/],
  ['a Slack token', /\bxox[abeoprs]-[A-Za-z0-9-]{10}/],
  ['a Slack webhook address', /hooks\.slack\.com\/services\/T[A-Z0-9]{5,20}\/B/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a Google API key', /\bAIza[0-9A-Za-z_-]{35}/],
  ['a Stripe key', /\b[rs]k_live_[0-9A-Za-z]{16}/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}/],
  ['a JSON Web Token', /\beyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10}/],
  ['a URL with a password', /\bhttps?:\/\/[^\s/:@]{1,100}:[^\s/@]{1,100}@/],
];

/** One look for how they begin: most texts hold none. */
const BEGINNING =
  /-----BEGIN|gh[pousr]_|github_pat_|glpat-|xox|hooks\.slack|AKIA|ASIA|AIza|k_live_|npm_|eyJ|https?:\/\//;

/** What kind of credential is in a text; undefined when it looks like none. */
export function findSecret(text: string): string | undefined {
  if (!BEGINNING.test(text)) return undefined;
  return SECRET_VALUES.find(([, pattern]) => pattern.test(text))?.[0];
}
