import {
  type ArtifactFiles,
  createKeySigner,
  generateKeyPair,
  parseTrustPolicy,
  type Signer,
  signArtifact,
  type TrustPolicy,
} from '@org/connector-artifact';
import { deriveManifest, manifestBytes } from '@org/connector-sdk';
import { buildProbe } from './build-probe.ts';
import probe from './index.ts';

/** A key made for this test. */
export function newSigner(): Signer {
  return createKeySigner(generateKeyPair().privateKeyPem);
}

export async function signedProbe(signer: Signer, version = '1.0.0'): Promise<ArtifactFiles> {
  const files = new Map([
    ['manifest.json', manifestBytes(deriveManifest(probe, { version }))],
    ['connector.mjs', await buildProbe()],
  ]);
  return signArtifact(files, signer, { signedAt: new Date('2026-06-01T00:00:00Z') });
}

export function trustBytes(signer: Signer, changes: { allow?: string[]; key?: Record<string, unknown> } = {}): Buffer {
  const { keyId, publicKeyPem: publicKey } = signer;
  const keys = [{ keyId, publicKey, validFrom: '2026-01-01T00:00:00Z', ...changes.key }];
  return Buffer.from(
    JSON.stringify({ trustVersion: 1, publishers: { acme: { keys, allow: changes.allow ?? ['probe'] } } }),
  );
}

export function trusting(signer: Signer, changes: Parameters<typeof trustBytes>[1] = {}): TrustPolicy {
  return parseTrustPolicy(trustBytes(signer, changes));
}
