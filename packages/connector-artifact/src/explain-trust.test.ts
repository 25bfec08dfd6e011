import { describe, expect, it } from 'vitest';
import { type ArtifactFiles, signatureFileName } from './artifact-files.ts';
import { ArtifactError } from './errors.ts';
import { explainTrust } from './explain-trust.ts';
import { signArtifact } from './sign-artifact.ts';
import { NOW, newSigner, sampleFiles, sign, trustedKey, trusting } from './test-artifact.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { verifyArtifact } from './verify-artifact.ts';

const alice = newSigner();
const bob = newSigner();
const stranger = newSigner();
const both = await signArtifact(sampleFiles(), [alice, bob], { signedAt: NOW });
const strange = await sign(both, stranger);

function decided(files: ArtifactFiles, trust: TrustPolicy): string {
  try {
    return verifyArtifact(files, trust, { now: NOW }).digest;
  } catch (error) {
    if (error instanceof ArtifactError) return error.code;
    throw error;
  }
}

function explained(files: ArtifactFiles, trust: TrustPolicy) {
  const { artifact, refusal, signatures } = explainTrust(files, trust, { now: NOW });
  const codes = signatures.map(({ keyId, refusal: why }) => [keyId, why?.code ?? 'counts'] as const);
  return { decision: artifact?.digest ?? refusal?.code, codes: Object.fromEntries(codes) };
}

describe('explainTrust', () => {
  const revoked = { at: '2026-05-30T00:00:00Z', reason: 'lost' };
  const policies: [string, TrustPolicy][] = [
    ['takes both', trusting([trustedKey(alice), trustedKey(bob)], { threshold: 2 })],
    ['takes one of two', trusting([trustedKey(alice), trustedKey(bob, { revoked })], { threshold: 2 })],
    ['knows neither', trusting([trustedKey(newSigner())])],
    ['does not allow it', trusting([trustedKey(alice)], { allow: ['acme-other'] })],
    ['takes it from one', trusting([trustedKey(alice)])],
  ];

  it.each(policies)('decides as verifyArtifact does when the policy %s', (_, trust) => {
    for (const files of [both, strange, sampleFiles(), replaced(both, 'connector.mjs')]) {
      expect(explained(files, trust).decision).toBe(decided(files, trust));
    }
  });

  it('gives each signature its own verdict', () => {
    const trust = trusting([trustedKey(alice), trustedKey(bob, { revoked })], { threshold: 2 });
    expect(explained(strange, trust)).toEqual({
      decision: 'ARTIFACT_THRESHOLD_NOT_MET',
      codes: {
        [alice.keyId]: 'counts',
        [bob.keyId]: 'ARTIFACT_KEY_REVOKED',
        [stranger.keyId]: 'ARTIFACT_UNTRUSTED_SIGNER',
      },
    });
  });

  it('looks at the others although one is broken', () => {
    const trust = trusting([trustedKey(alice), trustedKey(bob)]);
    expect(explained(replaced(both, signatureFileName(bob.keyId)), trust)).toEqual({
      decision: 'ARTIFACT_SIGNATURE_INVALID',
      codes: { [alice.keyId]: 'counts', [bob.keyId]: 'ARTIFACT_SIGNATURE_INVALID' },
    });
  });
});

describe('signArtifact by several', () => {
  it('adds a signature of each over the same claim, whatever their order', async () => {
    const turned = await signArtifact(sampleFiles(), [bob, alice], { signedAt: NOW });
    expect(new Map([...turned].sort())).toEqual(new Map([...both].sort()));
  });

  it('adds none when one of them answers wrongly', async () => {
    const files = sampleFiles();
    const lying = { ...bob, sign: () => new Uint8Array(64) };
    await expect(signArtifact(files, [alice, lying], { signedAt: NOW })).rejects.toMatchObject({
      code: 'ARTIFACT_SIGNATURE_INVALID',
    });
    expect([...files.keys()]).toEqual([...sampleFiles().keys()]);
  });
});

function replaced(files: ArtifactFiles, name: string): ArtifactFiles {
  return new Map([...files, [name, Buffer.from('changed')]]);
}
