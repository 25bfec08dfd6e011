import { canonicalJson } from '@org/connector-sdk';
import type { ArtifactFiles } from './artifact-files.ts';
import { createKeySigner, generateKeyPair, type Signer } from './key-pair.ts';
import { signArtifact } from './sign-artifact.ts';
import { parseTrustPolicy, type TrustPolicy } from './trust-policy.ts';

export const NOW = new Date('2026-06-01T12:00:00.000Z');
const SCHEMA = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', additionalProperties: false };

export function sampleManifest(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    $schema: 'urn:org:connector-manifest:v1',
    manifestVersion: 1,
    id: 'acme-desk',
    version: '1.4.0',
    publisher: 'acme',
    title: 'Acme Desk',
    description: 'Reads tickets.',
    engines: { runtime: '>=0.1.0' },
    scopes: {},
    connection: {
      config: SCHEMA,
      auth: { token: { kind: 'api_key', title: 'Token', header: 'authorization' } },
      allowedHosts: ['desk.example'],
      baseUrl: 'https://desk.example',
      rateLimit: { requestsPerMinute: 60, concurrency: 2 },
    },
    actions: {},
    triggers: {},
    approvalChannels: {},
    ...changes,
  };
}

export function sampleFiles(changes: Record<string, unknown> = {}): Map<string, Uint8Array> {
  return new Map([
    ['manifest.json', Buffer.from(canonicalJson(sampleManifest(changes)))],
    ['connector.mjs', Buffer.from('export default { id: "acme-desk" };\n')],
    ['README.md', Buffer.from('# Acme Desk\n')],
  ]);
}

export function newSigner(): Signer {
  return createKeySigner(generateKeyPair().privateKeyPem);
}

export function sign(files: ArtifactFiles, signer: Signer, signedAt: Date = NOW): Promise<ArtifactFiles> {
  return signArtifact(files, signer, { signedAt });
}

export function trustedKey(signer: Signer, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { keyId: signer.keyId, publicKey: signer.publicKeyPem, validFrom: '2026-01-01T00:00:00Z', ...changes };
}

/** A policy in which `acme` may publish `acme-*` with the given keys. */
export function trusting(keys: Record<string, unknown>[], publisher: Record<string, unknown> = {}): TrustPolicy {
  return trustFrom({ publishers: { acme: { keys, allow: ['acme-*'], ...publisher } } });
}

export function trustFrom(members: Record<string, unknown>): TrustPolicy {
  return parseTrustPolicy(Buffer.from(JSON.stringify({ trustVersion: 1, ...members })));
}
