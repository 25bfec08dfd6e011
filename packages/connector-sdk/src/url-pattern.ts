import * as z from 'zod';
import { type SchemaPlace, unrepresentable } from './schema-place.ts';

const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])';
const IPV4 = `(?:${BYTE}\\.){3}${BYTE}`;
// Numeric last labels are IPv4 addresses to a URL parser, and `xn--` ones must be valid Punycode: neither can be told by a pattern.
const NAME = '(?:(?![Xx][Nn]--)[A-Za-z0-9_-]+\\.)*(?![Xx][Nn]--)[A-Za-z][A-Za-z0-9_-]*';
const DOMAIN = '(?:(?![Xx][Nn]--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+(?![Xx][Nn]--)[A-Za-z]{2,63}';
const PORT = '(?::(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4}))?';
const text = (also: string) => `(?:[A-Za-z0-9._~!$&'()*+,;=:@/${also}-]|%[0-9A-Fa-f]{2})*`;
const REST = `(?:/${text('')})?(?:\\?${text('?')})?(?:#${text('?')})?`;

// A file URL takes no port.
const SCHEMES = new Map([
  [undefined, '(?!file:)[a-z][a-z0-9+.-]*'],
  ['^https?$', 'https?'],
  ['^https$', 'https'],
  ['^http$', 'http'],
]);

/**
 * The URLs that a manifest accepts where a schema says `z.url()`: absolute, with a host name or an IPv4 address, in the
 * characters of RFC 3986, without user and password. URL parsers take more than that (`https:a.b`, blanks around, tabs inside),
 * which no pattern can say.
 *
 * @throws SdkError `SCHEMA_UNREPRESENTABLE` for a protocol or hostname that isn't known here
 */
export function urlPattern(
  limits: { readonly protocol?: RegExp; readonly hostname?: RegExp },
  place: SchemaPlace,
): string {
  const scheme = SCHEMES.get(limits.protocol?.source);
  const host = limits.hostname === undefined ? `(?:${IPV4}|${NAME})` : hostOf(limits.hostname);
  if (scheme === undefined || host === undefined || limits.protocol?.flags || limits.hostname?.flags) {
    throw unrepresentable(
      place,
      'of a URL, only the protocols /^https?$/, /^https$/ and /^http$/ and the hostname z.regexes.domain can be told: use z.string().regex()',
    );
  }
  return `^${scheme}://${host}${PORT}${REST}$`;
}

function hostOf({ source }: RegExp): string | undefined {
  return source === z.regexes.domain.source ? `(?=[^/:?#]{1,253}(?:[/:?#]|$))${DOMAIN}` : undefined;
}
