import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress, parsePrivateNetworks } from './address-rules.ts';

describe('addresses', () => {
  it.each(['8.8.8.8', '140.82.112.3', '2606:4700::1111'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...['0.0.0.0', '10.1.2.3', '127.0.0.1', '127.8.8.8', '169.254.169.254', '172.16.0.1', '192.168.1.1', '100.64.0.1'],
    ...['100.100.100.200', '192.0.0.192', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '168.63.129.16'],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '2001:db8::1'],
    // IPv4 in IPv6: mapped, compatible, NAT64 (both prefixes), 6to4, Teredo.
    ...[
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b:1::7f00:1',
      '2002:7f00:1::',
      '2001::1',
    ],
    ...['localhost', '2130706433', '0x7f.1', ''],
  ])('%s is refused', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('never lets through an IPv4 address behind any IPv6 notation', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
        expect(isPublicAddress(`64:ff9b::${address}`)).toBe(false);
      }),
    );
  });
});

describe("a deployment's own networks", () => {
  const networks = parsePrivateNetworks(['127.0.0.1', '10.20.0.0/16', 'fd00::/8', 'Intranet.Example']);

  it.each([
    ['127.0.0.1', true],
    ['10.20.3.4', true],
    ['fd12::1', true],
    ['::ffff:127.0.0.1', true],
    ['127.0.0.2', false],
    ['10.21.0.1', false],
    ['8.8.8.8', false],
    ['fe80::1', false],
    ['localhost', false],
  ])('of addresses and ranges: %s', (address, listed) => {
    expect(networks.has('other.example', address)).toBe(listed);
  });

  it.each([
    ['192.168.3.4', true],
    ['8.8.8.8', true],
    ['fd99::1', true],
    ['169.254.169.254', false],
    ['fe80::1', false],
    ['0.0.0.0', false],
    ['224.0.0.1', false],
    ['168.63.129.16', false],
    ['64:ff9b::7f00:1', false],
  ])('of a name, which says what it may lead to: %s', (address, listed) => {
    expect(networks.has('intranet.example', address)).toBe(listed);
  });

  it('refuses an entry that is none', () => {
    expect(() => parsePrivateNetworks(['http://x'])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
