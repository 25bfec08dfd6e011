import { type Manifest, parseManifest } from '@org/connector-sdk';
import { type ArtifactFiles, copyFiles, MANIFEST_FILE, signatureFileName } from './artifact-files.ts';
import { ArtifactError } from './errors.ts';
import type { Signer } from './key-pair.ts';
import { parsePublicKey } from './public-key.ts';
import { preAuthenticationEncoding, writeBundle } from './sigstore-bundle.ts';
import { writeStatement } from './statement.ts';
import { verifySignature } from './verify-signature.ts';

/**
 * Adds a signature over all other files; signatures of other keys stay, one of the same key is replaced.
 * @param options.signedAt the time to claim.
 * @returns the files of the artifact, the signature included. The given map is not changed.
 * @throws ArtifactError `ARTIFACT_MANIFEST_INVALID`; `ARTIFACT_SIGNATURE_INVALID` when the signer's answer does not verify.
 */
export async function signArtifact(
  files: ArtifactFiles,
  signer: Signer,
  options: { readonly signedAt: Date },
): Promise<ArtifactFiles> {
  const content = copyFiles(files);
  const { id, version, publisher } = parseArtifactManifest(content);
  const payload = writeStatement(content, { id, version, publisher, signedAt: options.signedAt.toISOString() });
  const message = preAuthenticationEncoding(payload);
  const { keyId } = parsePublicKey(signer.publicKeyPem);
  const signature = await signer.sign(message);
  // A signer can be a remote service: what it answers is checked before it is published.
  verifySignature(message, signature, signer.publicKeyPem);
  return copyFiles(new Map([...content, [signatureFileName(keyId), writeBundle({ keyId, payload, signature })]]));
}

/**
 * The manifest in an artifact's files.
 * @throws ArtifactError `ARTIFACT_MANIFEST_INVALID` with the SDK's error as its cause.
 */
export function parseArtifactManifest(files: ArtifactFiles): Manifest {
  try {
    return parseManifest(files.get(MANIFEST_FILE) ?? new Uint8Array());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    throw new ArtifactError('ARTIFACT_MANIFEST_INVALID', `${MANIFEST_FILE} is not valid: ${why}; build again`, {
      details: { file: MANIFEST_FILE },
      cause,
    });
  }
}
