import { readFileSync } from 'node:fs';
import { createKeySigner, generateKeyPair, packArtifact, type Signer, signArtifact } from '@org/connector-artifact';
import { manifestBytes, parseManifest } from '@org/connector-sdk';

const manifest = parseManifest(
  readFileSync(new URL('../../../packages/connector-servicenow/artifact/manifest.json', import.meta.url)),
);

export const CONNECTOR = manifest.id;
const PUBLISHER = manifest.publisher;

export function newSigner(): Signer {
  return createKeySigner(generateKeyPair().privateKeyPem);
}

/** A release of the ServiceNow connector, whose code is a stand-in. */
export async function release(version: string, signers: readonly Signer[], signedAt: Date): Promise<Uint8Array> {
  const files = new Map([
    ['manifest.json', manifestBytes({ ...manifest, version })],
    ['connector.mjs', Buffer.from(`export default {}; // ${version}\n`)],
  ]);
  return packArtifact(await signArtifact(files, signers, { signedAt }));
}

type Key = { readonly signer: Signer } & Readonly<Record<string, unknown>>;

/** A policy; its serial is given when it is written, unless it has one. */
export function trusting(keys: readonly Key[], publisher: object = {}, policy: object = {}, name = PUBLISHER): object {
  const listed = keys.map(({ signer: { keyId, publicKeyPem: publicKey }, ...more }) => {
    return { keyId, publicKey, validFrom: '2020-01-01T00:00:00Z', ...more };
  });
  const publishers = { [name]: { keys: listed, allow: [CONNECTOR], ...publisher } };
  return { trustVersion: 1, ...policy, publishers };
}
