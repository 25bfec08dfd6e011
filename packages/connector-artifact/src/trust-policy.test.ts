import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArtifactError } from './errors.ts';
import { newSigner, trustedKey, trustFrom, trusting } from './test-artifact.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const alice = newSigner();
const bob = newSigner();

function refusal(read: () => unknown): { code: string; path: unknown } {
  try {
    read();
  } catch (error) {
    if (error instanceof ArtifactError) return { code: error.code, path: error.details.path };
    throw error;
  }
  throw new Error('the policy was accepted');
}

describe('parseTrustPolicy', () => {
  it('reads publishers, keys and windows', () => {
    const policy = trusting([trustedKey(alice, { validUntil: '2027-01-01T00:00:00Z' })], { threshold: 1 });
    expect(policy.keys.get(alice.keyId)).toMatchObject({
      key: { validFrom: new Date('2026-01-01T00:00:00Z'), validUntil: new Date('2027-01-01T00:00:00Z') },
      publisher: { name: 'acme', threshold: 1, allow: ['acme-*'] },
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an unknown member', { validTo: '2027-01-01T00:00:00Z' }, 'publishers.acme.keys[0]'],
    ['a time without a zone', { validFrom: '2026-01-01T00:00:00' }, 'publishers.acme.keys[0].validFrom'],
    [
      'a window that ends before it starts',
      { validUntil: '2025-01-01T00:00:00Z' },
      'publishers.acme.keys[0].validUntil',
    ],
    ['a key id of another key', { keyId: bob.keyId }, 'publishers.acme.keys[0].keyId'],
    [
      'a revocation without a reason',
      { revoked: { at: '2026-01-01T00:00:00Z' } },
      'publishers.acme.keys[0].revoked.reason',
    ],
  ])('refuses a key with %s, and names the place', (_, changes, path) => {
    expect(refusal(() => trusting([trustedKey(alice, changes)]))).toEqual({ code: 'ARTIFACT_TRUST_INVALID', path });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['allows everything', { allow: ['*'] }, 'publishers.acme.allow[0]'],
    ['allows half a word', { allow: ['ac*'] }, 'publishers.acme.allow[0]'],
    ['wants more signatures than it has keys', { threshold: 2 }, 'publishers.acme.threshold'],
    ['wants no signature', { threshold: 0 }, 'publishers.acme.threshold'],
    ['has no keys', { keys: [] }, 'publishers.acme.keys'],
    [
      'has a floor that is no version',
      { minimumVersions: { 'acme-desk': '1' } },
      'publishers.acme.minimumVersions["acme-desk"]',
    ],
  ])('refuses a publisher that %s', (_, changes, path) => {
    expect(refusal(() => trusting([trustedKey(alice)], changes))).toEqual({ code: 'ARTIFACT_TRUST_INVALID', path });
  });

  it.each<[string[], string[], string | undefined]>([
    [['acme-*'], ['acme-desk'], 'publishers.other.allow[0]'],
    [['acme-desk'], ['x', 'acme-*'], 'publishers.other.allow[1]'],
    [['acme-*'], ['acme-desk-*'], 'publishers.other.allow[0]'],
    [['acme-desk-*'], ['acme-*'], 'publishers.other.allow[0]'],
    [['acme-*'], ['acme-*'], 'publishers.other.allow[0]'],
    [['acme-*', 'acme-desk'], ['acme', 'acmes-*', 'acm-*'], undefined],
    [['acme-desk'], ['acme-desk'], undefined],
  ])('with %j of one publisher and %j of another overlaps at %s', (allow, others, path) => {
    const read = () =>
      trustFrom({
        publishers: { acme: { keys: [trustedKey(alice)], allow }, other: { keys: [trustedKey(bob)], allow: others } },
      });
    if (path === undefined) expect(read().keys.size).toBe(2);
    else expect(refusal(read)).toEqual({ code: 'ARTIFACT_TRUST_INVALID', path });
  });

  it('has a serial, 0 where the file has none', () => {
    expect(trustFrom({ publishers: {} }).serial).toBe(0);
    expect(trustFrom({ serial: 41, publishers: {} }).serial).toBe(41);
    for (const serial of [-1, 1.5, '1', 2 ** 53]) {
      expect(refusal(() => trustFrom({ serial, publishers: {} })).code).toBe('ARTIFACT_TRUST_INVALID');
    }
  });

  it('refuses a key that two publishers share, or one lists twice', () => {
    const entry = { keys: [trustedKey(alice)], allow: [] };
    expect(refusal(() => trustFrom({ publishers: { acme: entry, other: entry } })).code).toBe('ARTIFACT_TRUST_INVALID');
    expect(refusal(() => trusting([trustedKey(alice), trustedKey(alice)])).code).toBe('ARTIFACT_TRUST_INVALID');
  });

  it('refuses a weak key when the policy loads, not when it is used', () => {
    const spki = Buffer.concat([
      Buffer.from('302a300506032b6570032100', 'hex'),
      Buffer.from('01'.padEnd(64, '0'), 'hex'),
    ]);
    const publicKey = `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    expect(refusal(() => trusting([trustedKey(alice, { publicKey })]))).toEqual({
      code: 'ARTIFACT_KEY_WEAK',
      path: 'publishers.acme.keys[0].publicKey',
    });
  });

  it('refuses duplicate members, a byte-order mark and other versions', () => {
    for (const text of [
      '{"trustVersion":1,"trustVersion":1,"publishers":{}}',
      '\ufeff{"trustVersion":1,"publishers":{}}',
      '{"trustVersion":2,"publishers":{}}',
      '{"publishers":{}}',
      '[]',
      '',
    ]) {
      expect(refusal(() => parseTrustPolicy(Buffer.from(text))).code).toBe('ARTIFACT_TRUST_INVALID');
    }
  });

  it('answers any JSON with a policy or an ArtifactError', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(refusal(() => parseTrustPolicy(Buffer.from(json))).code).toMatch(/^ARTIFACT_/);
      }),
    );
  });
});
