import { RuntimeError } from '../types/errors.ts';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// Printable ASCII, tab and the upper half: no CR, LF or NUL that could start another header.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The runtime's or the connection's business; whatever connector code puts there is dropped. */
const OURS: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'te', 'trailer', 'upgrade', 'expect'],
  ...['accept-encoding', 'proxy-authorization', 'proxy-connection', 'cookie', 'http2-settings'],
]);

const STRIPPED: ReadonlySet<string> = new Set([
  ...['set-cookie', 'set-cookie2', 'cookie', 'authorization', 'proxy-authorization', 'proxy-authenticate'],
  ...['authentication-info', 'proxy-authentication-info'],
  // No longer true of the decoded body.
  ...['content-encoding', 'content-length', 'transfer-encoding'],
  // Of this connection only.
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'alt-svc'],
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
  redact: (text: string) => string,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!STRIPPED.has(name)) headers[name] = redact(value);
  }
  return headers;
}
