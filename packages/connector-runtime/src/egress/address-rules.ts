import ipaddr from 'ipaddr.js';
import { RuntimeError } from '../types/errors.ts';

/** What a deployment lists beyond the public internet: host names, addresses and CIDR ranges. */
export interface PrivateNetworks {
  /** Whether the address of this host was listed, by itself or by the host's name. */
  has(host: string, address: string): boolean;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Cloud platforms answer from these public addresses to whoever runs inside them. */
const PLATFORM_ADDRESSES: ReadonlySet<string> = new Set(['168.63.129.16']);
/** What the name of a host of one's own may lead to. Link-local addresses, where clouds keep credentials, are never meant by a name. */
const OF_A_SITE: ReadonlySet<string> = new Set(['private', 'uniqueLocal', 'loopback', 'carrierGradeNat']);
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** @throws RuntimeError `CONFIG_INVALID` naming the entry. */
export function parsePrivateNetworks(entries: readonly string[]): PrivateNetworks {
  const hosts = new Set<string>();
  const ranges: [Address, number][] = [];
  for (const entry of entries) {
    const text = entry.replace(/^\[(.*)\]$/, '$1');
    if (ipaddr.isValidCIDR(text)) ranges.push(ipaddr.parseCIDR(text));
    else if (ipaddr.isValid(text)) ranges.push(wholeAddress(ipaddr.parse(text)));
    else if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) hosts.add(text.toLowerCase());
    else throw new RuntimeError('CONFIG_INVALID', `${JSON.stringify(entry)} is no host name, address or CIDR range`);
  }
  return {
    has(host, address) {
      const parsed = parseAddress(address);
      if (!parsed) return false;
      if (ranges.some(([base, bits]) => parsed.kind() === base.kind() && parsed.match(base, bits))) return true;
      return hosts.has(host) && (OF_A_SITE.has(parsed.range()) || isPublicAddress(address));
    },
  };
}

/**
 * True for an address of the public internet. Everything else is refused: private, loopback, link-local (cloud metadata),
 * shared, multicast and reserved ranges, and every IPv6 form that carries or is translated to an IPv4 address
 * (mapped, compatible, NAT64, 6to4, Teredo), since what stands behind it is not the address that was checked.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = ipaddr.isValid(address) ? ipaddr.parse(address) : undefined;
  if (!parsed || PLATFORM_ADDRESSES.has(parsed.toString()) || parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
}

/** An IPv4-mapped address is the IPv4 address for a deployment's own list. */
function parseAddress(address: string): Address | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  return ipaddr.process(address);
}

function wholeAddress(address: Address): [Address, number] {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
