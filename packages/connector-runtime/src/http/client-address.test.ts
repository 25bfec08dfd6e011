import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClientAddress, type ForwardedHeader } from './client-address.ts';

function clientOf(peer: string, header: string | readonly string[], trusted: readonly string[], name: ForwardedHeader) {
  const lines = typeof header === 'string' ? [header] : header;
  const incoming = { rawHeaders: lines.flatMap((line) => [name, line]), socket: { remoteAddress: peer } };
  const resolve = createClientAddress({ trustedProxies: trusted, forwardedHeader: name });
  return resolve(new Request('http://x/'), { incoming: incoming as never });
}

const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48'];
const xff = (peer: string, header: string | readonly string[], trusted: readonly string[] = proxies) =>
  clientOf(peer, header, trusted, 'x-forwarded-for');
const forwarded = (peer: string, header: string | readonly string[]) => clientOf(peer, header, proxies, 'forwarded');

describe('the address of a client', () => {
  it('is the peer’s where no proxy is trusted, whatever it claims', () => {
    expect(xff('203.0.113.9', '192.0.2.1', [])).toBe('203.0.113.9');
    expect(xff('203.0.113.9', '192.0.2.1')).toBe('203.0.113.9');
    expect(forwarded('203.0.113.9', 'for=192.0.2.1')).toBe('203.0.113.9');
  });

  it('is what the trusted proxy saw, not what the client put in front of it', () => {
    expect(xff('10.0.0.1', '192.0.2.1')).toBe('192.0.2.1');
    expect(xff('10.0.0.1', '198.51.100.1, 192.0.2.1')).toBe('192.0.2.1');
    expect(xff('10.0.0.1', '10.9.9.9, 192.0.2.1')).toBe('192.0.2.1');
    expect(xff('10.0.0.1', ['10.9.9.9, 198.51.100.1', '192.0.2.1'])).toBe('192.0.2.1');
  });

  it('is found behind several trusted proxies', () => {
    expect(xff('10.0.0.1', '198.51.100.1, 192.0.2.1, 10.0.0.7,10.0.0.6')).toBe('192.0.2.1');
    expect(xff('10.0.0.1', '10.0.0.8, 10.0.0.7')).toBe('10.0.0.8');
  });

  it.each(['unknown', '', '_hidden', '127.1', '0300.0.2.1', '192.0.2.1 ', '3221225985', 'x, y', '192.0.2.300'])(
    'stops at %j where that is no address',
    (nonsense) => {
      const known = nonsense.trim() === '192.0.2.1' ? '192.0.2.1' : '10.0.0.7';
      expect(xff('10.0.0.1', `198.51.100.1, ${nonsense}, 10.0.0.7`)).toBe(known);
    },
  );

  it('takes ports, brackets and mapped addresses for what they are', () => {
    expect(xff('::ffff:10.0.0.1', '192.0.2.1:4711')).toBe('192.0.2.1');
    expect(xff('2001:db8:ffff::1', '[2001:db8::1]:4711')).toBe('2001:db8::1');
    expect(xff('10.0.0.1', '2001:db8::1')).toBe('2001:db8::1');
    expect(xff('10.0.0.1', '::ffff:192.0.2.1')).toBe('192.0.2.1');
  });

  it('reads Forwarded (RFC 7239), quotes and all', () => {
    expect(forwarded('10.0.0.1', 'for=192.0.2.1;proto=https;by=10.0.0.1')).toBe('192.0.2.1');
    expect(forwarded('10.0.0.1', 'For="[2001:db8::1]:4711"')).toBe('2001:db8::1');
    expect(forwarded('10.0.0.1', 'for=198.51.100.1, proto=https;for="192.0.2.1:80", for=10.0.0.7')).toBe('192.0.2.1');
    expect(forwarded('10.0.0.1', ['for=198.51.100.1', 'for=192.0.2.1'])).toBe('192.0.2.1');
  });

  it('does not take a quoted comma for the end of an element, nor an open quote for anything', () => {
    expect(forwarded('10.0.0.1', 'for=192.0.2.1;host="a, for=198.51.100.1"')).toBe('192.0.2.1');
    expect(forwarded('10.0.0.1', 'for=198.51.100.1, host=";for=192.0.2.7')).toBe('10.0.0.1');
    expect(forwarded('10.0.0.1', 'xfor=198.51.100.1')).toBe('10.0.0.1');
  });

  it('never reads the other header: a proxy passes on the one it does not write', () => {
    const resolve = createClientAddress({ trustedProxies: proxies, forwardedHeader: 'x-forwarded-for' });
    const rawHeaders = ['Forwarded', 'for=198.51.100.1', 'X-Forwarded-For', '192.0.2.1', 'X-Real-IP', '198.51.100.2'];
    const incoming = { rawHeaders, socket: { remoteAddress: '10.0.0.1' } };
    expect(resolve(new Request('http://x/'), { incoming: incoming as never })).toBe('192.0.2.1');
  });

  it('is not known without Node’s request', () => {
    const resolve = createClientAddress({ trustedProxies: proxies, forwardedHeader: 'x-forwarded-for' });
    expect(resolve(new Request('http://x/', { headers: { 'x-forwarded-for': '192.0.2.1' } }), undefined)).toBe(
      undefined,
    );
  });

  it('is, for any header, one of the addresses that the trusted proxies vouch for', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.7', '10.1.1.1', 'unknown', '"', ''));
    fc.assert(
      fc.property(fc.array(fc.oneof(address, fc.string())), fc.ipV4(), (claimed, real) => {
        fc.pre(!real.startsWith('10.'));
        // Whatever the client wrote, the proxy appends what it saw.
        expect(xff('10.0.0.1', [...claimed, real].join(', '))).toBe(real);
      }),
    );
  });
});

describe('the list of trusted proxies', () => {
  it.each(['0.0.0.0/0', '::/0', 'proxy.internal', '10.0.0.0/33', '10/8', '::ffff:10.0.0.0/104', '', '127.1'])(
    'refuses %j',
    (entry) => {
      expect(() => createClientAddress({ trustedProxies: [entry], forwardedHeader: 'forwarded' })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    },
  );
});
