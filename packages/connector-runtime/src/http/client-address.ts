import ipaddr from 'ipaddr.js';
import { RuntimeError } from '../types/errors.ts';
import { type NodeBindings, rawHeaders } from './raw-request.ts';

/** The header in which the trusted proxies say who asked them. One, not both: a proxy passes on the one it does not write. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded';

export interface ProxyTrust {
  /** Addresses and CIDR ranges whose word counts. */
  readonly trustedProxies: readonly string[];
  readonly forwardedHeader: ForwardedHeader;
}

/** Who sent a request, as far as that is known: never a claim of the sender's own. Undefined without Node's request. */
export type ClientAddress = (request: Request, env: NodeBindings | undefined) => string | undefined;

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * The address that the outermost trusted proxy saw. The peer's own, unless it is a trusted proxy; then the header is read
 * from its right, where the nearest proxy wrote, as long as what stands there is a trusted proxy too. What is further left
 * came from outside and is not read.
 *
 * @throws RuntimeError `CONFIG_INVALID` naming an entry that is no address or range, or one that covers every address
 */
export function createClientAddress({ trustedProxies, forwardedHeader }: ProxyTrust): ClientAddress {
  const ranges = trustedProxies.map(parseRange);
  const isTrusted = (address: Address) =>
    ranges.some(([base, bits]) => address.kind() === base.kind() && address.match(base, bits));
  return (request, env) => {
    let client = parseAddress(env?.incoming?.socket?.remoteAddress);
    if (client === undefined || !isTrusted(client)) return client?.toString();
    const header = rawHeaders(request, env)
      .filter(([name]) => name === forwardedHeader)
      .map(([, value]) => value)
      .join(',');
    const hops = forwardedHeader === 'forwarded' ? forwardedHops(header) : header.split(',');
    for (const hop of hops.reverse()) {
      const address = parseAddress(withoutPort(hop.trim()));
      // `unknown`, an obfuscated name or nonsense: the proxy that wrote it is the last that is known.
      if (address === undefined) break;
      client = address;
      if (!isTrusted(address)) break;
    }
    return client.toString();
  };
}

/** @throws RuntimeError `CONFIG_INVALID` */
function parseRange(text: string): [Address, number] {
  const range = rangeOf(text);
  if (range === undefined) {
    throw new RuntimeError(
      'CONFIG_INVALID',
      `http.trustedProxies: ${JSON.stringify(text)} is no address or CIDR range: list those of your own proxies`,
    );
  }
  if (range[1] === 0) {
    throw new RuntimeError(
      'CONFIG_INVALID',
      `http.trustedProxies: ${text} trusts everyone: list the addresses of your own proxies`,
    );
  }
  return range;
}

function rangeOf(text: string): [Address, number] | undefined {
  const [base] = text.split('/', 1);
  const address = parseAddress(base);
  if (address === undefined) return undefined;
  if (base === text) return [address, address.kind() === 'ipv4' ? 32 : 128];
  const range = ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
  // A range of mapped addresses would match nothing: addresses are unmapped first.
  return range?.[0].kind() === address.kind() ? range : undefined;
}

/** An IPv4-mapped address is the IPv4 address. Four decimal parts only: `127.1` and octal forms are nobody's. */
function parseAddress(text: string | undefined): Address | undefined {
  if (text === undefined || !ipaddr.isValid(text)) return undefined;
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.process(text);
}

/** `192.0.2.1:4711`, `[2001:db8::1]:4711` and `[2001:db8::1]` without what belongs to the notation. */
function withoutPort(text: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(text) ?? [];
  return bracketed ?? plain ?? text;
}

const ELEMENT = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const FOR = /(?:^|;)\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))\s*(?=;|$)/i;

/** The `for` of each element (RFC 7239, section 4), '' where it has none; of a header that can't be read, nothing. */
function forwardedHops(header: string): string[] {
  if ((header.replaceAll(/\\./g, '').split('"').length - 1) % 2 === 1) return [];
  return (header.match(ELEMENT) ?? []).map((element) => {
    const [, quoted, token] = FOR.exec(element.trim()) ?? [];
    return quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '';
  });
}
