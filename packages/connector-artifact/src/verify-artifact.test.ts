import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArtifactFiles, signatureFileName } from './artifact-files.ts';
import { ArtifactError } from './errors.ts';
import { preAuthenticationEncoding, writeBundle } from './sigstore-bundle.ts';
import { listSubjects, subjectDigest } from './statement.ts';
import { NOW, newSigner, sampleFiles, sampleManifest, sign, trustedKey, trustFrom, trusting } from './test-artifact.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { verifyArtifact } from './verify-artifact.ts';

const alice = newSigner();
const bob = newSigner();
const trust = trusting([trustedKey(alice)]);
const signed = await sign(sampleFiles(), alice);

function refusal(files: ArtifactFiles, policy: TrustPolicy = trust, now: Date = NOW): ArtifactError {
  try {
    verifyArtifact(files, policy, { now });
  } catch (error) {
    if (error instanceof ArtifactError) return error;
    throw error;
  }
  throw new Error('the artifact was accepted');
}

function replace(files: ArtifactFiles, name: string, bytes: Uint8Array | undefined): ArtifactFiles {
  const copy = new Map(files);
  if (bytes) copy.set(name, bytes);
  else copy.delete(name);
  return copy;
}

/** The next base64 digit: decodes to the same byte where only its upper two bits count. */
function spare(digit: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return digits[digits.indexOf(digit) + 1] ?? '';
}

/** A bundle of `signer` over any payload, valid as a signature. */
async function signPayload(payload: string, signer = alice): Promise<ArtifactFiles> {
  const bytes = Buffer.from(payload);
  const signature = await signer.sign(preAuthenticationEncoding(bytes));
  const bundle = writeBundle({ keyId: signer.keyId, payload: bytes, signature });
  return replace(sampleFiles(), signatureFileName(signer.keyId), bundle);
}

function statement(predicate: Record<string, unknown>): string {
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: listSubjects(sampleFiles()),
    predicateType: 'urn:org:connector-artifact:v1',
    predicate: { id: 'acme-desk', version: '1.4.0', publisher: 'acme', signedAt: NOW.toISOString(), ...predicate },
  });
}

describe('verifyArtifact', () => {
  it('accepts what a trusted key signed, and returns the very bytes it verified', () => {
    const verified = verifyArtifact(signed, trust, { now: NOW });
    expect(verified).toMatchObject({
      id: 'acme-desk',
      version: '1.4.0',
      publisher: 'acme',
      digest: subjectDigest(sampleFiles()),
      keyIds: [alice.keyId],
      signedAt: NOW.toISOString(),
    });
    expect(Buffer.from(verified.code).toString()).toBe('export default { id: "acme-desk" };\n');
  });

  it('keeps its own copy: a caller that changes its arrays afterwards changes nothing', () => {
    const files = new Map([...signed].map(([name, bytes]) => [name, Uint8Array.from(bytes)]));
    const { code } = verifyArtifact(files, trust, { now: NOW });
    files.get('connector.mjs')?.fill(0);
    expect(Buffer.from(code).toString()).toContain('acme-desk');
  });

  it('gives an artifact the same digest whoever signed it', async () => {
    expect(subjectDigest(await sign(signed, bob))).toBe(subjectDigest(signed));
  });

  describe('the file set', () => {
    it('refuses an artifact without a signature', () => {
      expect(refusal(sampleFiles()).code).toBe('ARTIFACT_UNSIGNED');
    });

    it.each(['connector.mjs', 'README.md', 'manifest.json'])('refuses a modified %s and names it', (file) => {
      const error = refusal(replace(signed, file, Buffer.from('{}')));
      expect(error).toMatchObject({ code: 'ARTIFACT_MODIFIED', details: { file } });
    });

    it.each(['connector.mjs', 'README.md'])('refuses an artifact from which %s was removed', (file) => {
      const error = refusal(replace(signed, file, undefined));
      expect(error).toMatchObject({ code: 'ARTIFACT_FILE_MISSING', details: { file } });
    });

    it('refuses a file that was added after signing, also one with an allowed name', () => {
      const error = refusal(replace(signed, 'LICENSE', Buffer.from('MIT')));
      expect(error).toMatchObject({ code: 'ARTIFACT_FILE_EXTRA', details: { file: 'LICENSE' } });
    });

    it.each(['connector.MJS', 'extra.mjs', 'signatures/x.sigstore.json'])('refuses the file name %s', (file) => {
      expect(refusal(replace(signed, file, Buffer.from('x'))).code).toBe('ARTIFACT_FILE_EXTRA');
    });
  });

  describe('signatures', () => {
    it('refuses a key that the policy does not name', async () => {
      const error = refusal(await sign(sampleFiles(), bob));
      expect(error).toMatchObject({ code: 'ARTIFACT_UNTRUSTED_SIGNER', details: { keyIds: [bob.keyId] } });
    });

    it('refuses a signature of one key that is filed under another key', async () => {
      const bytes = (await sign(sampleFiles(), bob)).get(signatureFileName(bob.keyId));
      expect(refusal(replace(sampleFiles(), signatureFileName(alice.keyId), bytes)).code).toBe(
        'ARTIFACT_SIGNATURE_INVALID',
      );
    });

    it('refuses a signature by another key under a trusted key id', async () => {
      const forged = await signPayload(statement({}), { ...bob, keyId: alice.keyId });
      expect(refusal(forged).code).toBe('ARTIFACT_SIGNATURE_INVALID');
    });

    it('refuses a wrong signature of a trusted key even when another one is right', async () => {
      const both = await sign(signed, bob);
      const policy = trusting([trustedKey(alice), trustedKey(bob)]);
      const bundle = Buffer.from(both.get(signatureFileName(bob.keyId)) ?? []).toString();
      const sig = /"sig":"(..)/.exec(bundle)?.[1] ?? '';
      const broken = bundle.replace(`"sig":"${sig}`, `"sig":"${sig === 'AA' ? 'BB' : 'AA'}`);
      expect(refusal(replace(both, signatureFileName(bob.keyId), Buffer.from(broken)), policy).code).toBe(
        'ARTIFACT_SIGNATURE_INVALID',
      );
    });

    it('refuses a signature moved over from another release', async () => {
      const older = await sign(sampleFiles({ version: '1.3.0' }), alice);
      const bundle = older.get(signatureFileName(alice.keyId));
      expect(refusal(replace(sampleFiles(), signatureFileName(alice.keyId), bundle))).toMatchObject({
        code: 'ARTIFACT_MODIFIED',
        details: { file: 'manifest.json' },
      });
    });

    it('accepts an additional signature of a key it does not know', async () => {
      expect(verifyArtifact(await sign(signed, bob), trust, { now: NOW }).keyIds).toEqual([alice.keyId]);
    });

    it.each([
      ['something else than a statement', '{"hello":1}'],
      ['a duplicate key', statement({}).replace('{"_type"', '{"_type":"x","_type"')],
      ['another predicate type', statement({}).replace('urn:org:connector-artifact:v1', 'urn:other')],
      [
        'a file listed twice',
        JSON.stringify({
          ...JSON.parse(statement({})),
          subject: [...listSubjects(sampleFiles()), ...listSubjects(sampleFiles()).slice(0, 1)],
        }),
      ],
      ['a version that is none', statement({ version: '1.4' })],
    ])('refuses a valid signature over %s', async (_, payload) => {
      expect(refusal(await signPayload(payload)).code).toBe('ARTIFACT_STATEMENT_INVALID');
    });

    it.each([{ id: 'acme-other' }, { version: '9.0.0' }])(
      'refuses a statement that contradicts the manifest: %o',
      async (p) => {
        expect(refusal(await signPayload(statement(p))).code).toBe('ARTIFACT_STATEMENT_MISMATCH');
      },
    );

    it.each<[string, (bundle: string) => string]>([
      ['nested a million times', () => '['.repeat(1e6) + ']'.repeat(1e6)],
      ['with a byte-order mark', (bundle) => `\ufeff${bundle}`],
      ['with white space', (bundle) => bundle.replace(':', ': ')],
      ['with a duplicate key', (bundle) => bundle.replace('{', '{"mediaType":"x",')],
      ['with a certificate', (bundle) => bundle.replace('"publicKey"', '"certificate":{},"publicKey"')],
      ['with two signatures', (bundle) => bundle.replace(/"signatures":\[(.*?)\]/, '"signatures":[$1,$1]')],
      ['with another payload type', (bundle) => bundle.replace('vnd.in-toto+json', 'json')],
      [
        'with base64 that has spare bits',
        (bundle) => bundle.replace(/(.)==","keyid"/, (_, last) => `${spare(last)}==","keyid"`),
      ],
    ])('refuses a bundle %s', (_, change) => {
      const name = signatureFileName(alice.keyId);
      const bundle = Buffer.from(signed.get(name) ?? []).toString();
      expect(change(bundle)).not.toBe(bundle);
      expect(refusal(replace(signed, name, Buffer.from(change(bundle)))).code).toBe('ARTIFACT_SIGNATURE_INVALID');
    });

    it('refuses two signers that signed different releases', async () => {
      const both = new Map([
        ...(await signPayload(statement({}))),
        ...(await signPayload(statement({ version: '2.0.0' }), bob)),
      ]);
      expect(refusal(both, trusting([trustedKey(alice), trustedKey(bob)])).code).toBe('ARTIFACT_STATEMENT_MISMATCH');
    });

    it('looks at the manifest only after the signature', async () => {
      const files = replace(sampleFiles(), 'manifest.json', Buffer.from('not json'));
      expect(refusal(files).code).toBe('ARTIFACT_UNSIGNED');
      const payload = statement({}).replace(
        listSubjects(sampleFiles()).find(({ name }) => name === 'manifest.json')?.digest.sha256 ?? '-',
        listSubjects(files).find(({ name }) => name === 'manifest.json')?.digest.sha256 ?? '-',
      );
      const bundle = (await signPayload(payload)).get(signatureFileName(alice.keyId));
      expect(refusal(replace(files, signatureFileName(alice.keyId), bundle)).code).toBe('ARTIFACT_MANIFEST_INVALID');
    });
  });

  describe('the trust policy', () => {
    it('refuses a connector that the allow-list does not name, however well signed and similar', () => {
      const allow = ['acme-desktop', 'acme-des', 'acme', 'servicenow', 'ac-*', 'aaa-*', 'acme-desk-*', 'desk-*'];
      const error = refusal(signed, trusting([trustedKey(alice)], { allow }));
      expect(error).toMatchObject({ code: 'ARTIFACT_NOT_ALLOWED', details: { id: 'acme-desk' } });
    });

    it.each(['acme-desk', 'acme-*'])('accepts a connector that the allow-list names as %s', (pattern) => {
      const policy = trusting([trustedKey(alice)], { allow: ['servicenow', pattern] });
      expect(verifyArtifact(signed, policy, { now: NOW }).id).toBe('acme-desk');
    });

    it('refuses everything when the allow-list is empty', () => {
      expect(refusal(signed, trusting([trustedKey(alice)], { allow: [] })).code).toBe('ARTIFACT_NOT_ALLOWED');
    });

    it('refuses a publisher that signs in the name of another', () => {
      const policy = trustFrom({ publishers: { evil: { keys: [trustedKey(alice)], allow: ['acme-*'] } } });
      expect(refusal(signed, policy).code).toBe('ARTIFACT_PUBLISHER_MISMATCH');
    });

    it('refuses a revoked key whatever the time of the signature', () => {
      const revoked = { at: '2026-05-30T00:00:00Z', reason: 'laptop stolen' };
      expect(refusal(signed, trusting([trustedKey(alice, { revoked })]))).toMatchObject({
        code: 'ARTIFACT_KEY_REVOKED',
        details: { keyId: alice.keyId },
      });
      const later = { at: '2027-01-01T00:00:00Z', reason: 'announced' };
      expect(refusal(signed, trusting([trustedKey(alice, { revoked: later })])).code).toBe('ARTIFACT_KEY_REVOKED');
    });

    it('still loads a release that was enabled before its key expired, and enables none with a key that has', () => {
      const policy = trusting([trustedKey(alice, { validUntil: '2026-07-01T00:00:00Z' })]);
      const now = new Date('2026-07-01T00:00:00Z');
      expect(verifyArtifact(signed, policy, { now, purpose: 'load' }).id).toBe('acme-desk');
      expect(refusal(signed, policy, now).code).toBe('ARTIFACT_KEY_EXPIRED');
      expect(verifyArtifact(signed, policy, { now: new Date(now.getTime() - 1) }).id).toBe('acme-desk');
    });

    it('refuses a release made at or after the expiry', async () => {
      const policy = trusting([trustedKey(alice, { validUntil: NOW.toISOString() })]);
      expect(refusal(signed, policy).code).toBe('ARTIFACT_KEY_EXPIRED');
    });

    it('refuses a release made before the key was valid', () => {
      const policy = trusting([trustedKey(alice, { validFrom: '2026-06-02T00:00:00Z' })]);
      expect(refusal(signed, policy).code).toBe('ARTIFACT_KEY_NOT_YET_VALID');
    });

    it('refuses a release from the future, save for the skew of clocks', () => {
      expect(refusal(signed, trust, new Date(NOW.getTime() - 300_001)).code).toBe('ARTIFACT_SIGNED_IN_FUTURE');
      expect(verifyArtifact(signed, trust, { now: new Date(NOW.getTime() - 300_000) }).id).toBe('acme-desk');
    });

    it('refuses too few signatures, and does not count one key twice', async () => {
      const policy = trusting([trustedKey(alice), trustedKey(bob)], { threshold: 2 });
      expect(refusal(await sign(signed, alice), policy).code).toBe('ARTIFACT_THRESHOLD_NOT_MET');
      expect(verifyArtifact(await sign(signed, bob), policy, { now: NOW }).keyIds).toEqual(
        [alice.keyId, bob.keyId].sort(),
      );
    });

    it('does not count a revoked key towards the threshold, and says so', async () => {
      const revoked = { at: '2026-05-30T00:00:00Z', reason: 'lost' };
      const policy = trusting([trustedKey(alice), trustedKey(bob, { revoked })], { threshold: 2 });
      expect(refusal(await sign(signed, bob), policy)).toMatchObject({
        code: 'ARTIFACT_THRESHOLD_NOT_MET',
        details: { problems: [{ code: 'ARTIFACT_KEY_REVOKED', keyId: bob.keyId }] },
      });
    });

    it('accepts a re-signed release although the revoked signature is still in it', async () => {
      const revoked = { at: '2026-05-30T00:00:00Z', reason: 'lost' };
      const policy = trusting([trustedKey(alice, { revoked }), trustedKey(bob)]);
      expect(verifyArtifact(await sign(signed, bob), policy, { now: NOW }).keyIds).toEqual([bob.keyId]);
    });

    it('refuses a version below the floor', () => {
      const floor = (version: string) => trusting([trustedKey(alice)], { minimumVersions: { 'acme-desk': version } });
      expect(refusal(signed, floor('1.4.1')).code).toBe('ARTIFACT_VERSION_TOO_OLD');
      expect(verifyArtifact(signed, floor('1.4.0'), { now: NOW }).version).toBe('1.4.0');
    });

    it('refuses to enable under a policy that has ended, and still loads what was enabled', () => {
      const key = trustedKey(alice);
      const policy = trustFrom({
        validUntil: NOW.toISOString(),
        publishers: { acme: { keys: [key], allow: ['acme-desk'] } },
      });
      expect(refusal(signed, policy).code).toBe('ARTIFACT_TRUST_EXPIRED');
      expect(verifyArtifact(signed, policy, { now: NOW, purpose: 'load' }).id).toBe('acme-desk');
    });
  });

  describe('tampering', () => {
    const names = [...signed.keys()];

    function flip(name: string, index: number, bit: number): ArtifactFiles {
      const bytes = Uint8Array.from(signed.get(name) ?? []);
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      return replace(signed, name, bytes);
    }

    it('refuses 2,000 random flipped bits anywhere in the files and the bundle', () => {
      const place = fc
        .constantFrom(...names)
        .chain((name) =>
          fc.tuple(fc.constant(name), fc.nat((signed.get(name)?.length ?? 1) - 1), fc.integer({ min: 0, max: 7 })),
        );
      fc.assert(
        fc.property(place, ([name, index, bit]) => {
          refusal(flip(name, index, bit));
        }),
        { numRuns: 2000 },
      );
    });

    it('refuses a change of any single byte of the manifest', () => {
      const length = signed.get('manifest.json')?.length ?? 0;
      expect(length).toBe(Buffer.byteLength(JSON.stringify(sampleManifest())));
      for (let index = 0; index < length; index += 1) {
        expect(refusal(flip('manifest.json', index, index % 8)).code).toBe('ARTIFACT_MODIFIED');
      }
    });

    it('refuses a change of any single bit of the signature bundle', () => {
      const name = signatureFileName(alice.keyId);
      for (let index = 0; index < (signed.get(name)?.length ?? 0); index += 1) {
        for (let bit = 0; bit < 8; bit += 1) refusal(flip(name, index, bit));
      }
    });
  });
});
