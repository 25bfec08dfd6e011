import { RuntimeError } from '../types/errors.ts';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// Printable ASCII, tab and the upper half: no CR, LF or NUL that could start another header.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The runtime's or the connection's business; whatever connector code puts there is dropped. */
const OURS: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'te', 'trailer', 'upgrade', 'expect'],
  ...['accept-encoding', 'proxy-authorization', 'proxy-connection', 'cookie'],
]);

const STRIPPED: ReadonlySet<string> = new Set([
  ...['set-cookie', 'set-cookie2', 'cookie', 'authorization', 'proxy-authorization', 'proxy-authenticate'],
  ...['authentication-info', 'proxy-authentication-info'],
  // No longer true of the decoded body.
  ...['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'keep-alive'],
]);

/** @throws RuntimeError `EGRESS_REQUEST_INVALID` naming the header, never its value. */
export function requestHeaders(
  given: Readonly<Record<string, string>>,
  options: { readonly keepAuthorization: boolean },
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (!NAME.test(name) || !VALUE.test(value)) {
      throw new RuntimeError(
        'EGRESS_REQUEST_INVALID',
        `The header ${JSON.stringify(name.slice(0, 100))} cannot be sent`,
      );
    }
    if (OURS.has(lower) || (lower === 'authorization' && !options.keepAuthorization)) continue;
    headers[lower] = value;
  }
  return headers;
}

/** What connector code may see of an answer: no cookies, and no credential that the other side echoes. */
export function responseHeaders(
  given: Readonly<Record<string, string>>,
  credentials: readonly string[],
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!STRIPPED.has(name)) headers[name] = replaceAll(value, credentials);
  }
  return headers;
}

/** The same for the body. Looks at bytes, so that a body that is no text comes through untouched. */
export function withoutCredentials(body: Buffer, credentials: readonly string[]): Buffer {
  if (!credentials.some((credential) => body.includes(credential))) return body;
  return Buffer.from(replaceAll(body.toString('latin1'), credentials), 'latin1');
}

/** The forms in which a server could echo what was sent to it: the whole value, the token in it, Basic's two parts. */
export function credentialForms(headers: Readonly<Record<string, string>>): string[] {
  const forms = new Set<string>();
  for (const value of Object.values(headers)) {
    forms.add(value);
    const token = /^\S+\s+(\S+)$/.exec(value)?.[1];
    if (token === undefined) continue;
    forms.add(token);
    if (!/^basic /i.test(value)) continue;
    const pair = Buffer.from(token, 'base64').toString('utf8');
    forms.add(pair);
    forms.add(pair.slice(pair.indexOf(':') + 1));
  }
  // Shorter ones would hit text that is no credential. The longest go first.
  return [...forms].filter((form) => form.length >= 6).sort((a, b) => b.length - a.length);
}

function replaceAll(text: string, credentials: readonly string[]): string {
  return credentials.reduce((rest, credential) => rest.replaceAll(credential, '[redacted]'), text);
}
