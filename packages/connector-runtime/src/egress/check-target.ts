import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { RuntimeError } from '../types/errors.ts';
import { isPublicAddress, type PrivateNetworks } from './address-rules.ts';
import { isAllowedHost } from './allowed-hosts.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a name. */
export type Resolver = (host: string) => Promise<readonly ResolvedAddress[]>;

/** The machine's own resolver. */
export const systemResolver: Resolver = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4,
  }));

/** A place that may be connected to, and the only addresses to connect to it by. */
export interface CheckedTarget {
  readonly url: URL;
  readonly addresses: readonly ResolvedAddress[];
}

/**
 * Checks the host against the grant before it is looked up, and every one of its addresses after: one bad address among
 * good ones is refused too, since which of them is connected to is not ours to say.
 *
 * @throws RuntimeError `EGRESS_REQUEST_INVALID` | `EGRESS_HOST_NOT_ALLOWED` | `EGRESS_PROTOCOL_NOT_ALLOWED` | `EGRESS_ADDRESS_NOT_ALLOWED` | `EGRESS_FAILED`
 */
export async function checkTarget(
  href: string,
  allowedHosts: readonly string[],
  networks: PrivateNetworks,
  resolve: Resolver,
): Promise<CheckedTarget> {
  const url = parseUrl(href);
  if (!isAllowedHost(url, allowedHosts)) {
    throw new RuntimeError(
      'EGRESS_HOST_NOT_ALLOWED',
      `${url.host} is not among the hosts this connection may reach (${allowedHosts.join(', ')}); the connector's manifest declares them`,
      { details: { host: url.host } },
    );
  }
  const addresses = await addressesOf(url, resolve);
  const ours = ({ address }: ResolvedAddress) => networks.has(url.hostname, address);
  for (const resolved of addresses) {
    if (ours(resolved) || isPublicAddress(resolved.address)) continue;
    throw new RuntimeError(
      'EGRESS_ADDRESS_NOT_ALLOWED',
      `${url.host} leads to an address that is not on the public internet; list it in the deployment's allowedPrivate if it is meant`,
      { details: { host: url.host } },
    );
  }
  if (url.protocol !== 'https:' && !addresses.every(ours)) {
    throw new RuntimeError(
      'EGRESS_PROTOCOL_NOT_ALLOWED',
      `${url.host} is asked for over ${url.protocol} only https: leaves`,
      {
        details: { host: url.host },
      },
    );
  }
  return { url, addresses };
}

function parseUrl(href: string): URL {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new RuntimeError('EGRESS_PROTOCOL_NOT_ALLOWED', 'A request needs an absolute https: URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw new RuntimeError(
      'EGRESS_REQUEST_INVALID',
      `The URL of ${url.host} carries credentials; the runtime adds them`,
    );
  }
  return url;
}

async function addressesOf(url: URL, resolve: Resolver): Promise<readonly ResolvedAddress[]> {
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (ipaddr.isValid(literal)) return [{ address: literal, family: literal.includes(':') ? 6 : 4 }];
  const addresses = await resolve(url.hostname).catch((cause: unknown) => {
    throw new RuntimeError(
      'EGRESS_FAILED',
      `${url.host} could not be looked up; check its name and the machine's DNS`,
      { cause },
    );
  });
  if (addresses.length === 0) throw new RuntimeError('EGRESS_FAILED', `${url.host} has no address`);
  return addresses;
}
