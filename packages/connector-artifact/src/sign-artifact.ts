import { type Manifest, parseManifest } from '@org/connector-sdk';
import { type ArtifactFiles, copyFiles, MANIFEST_FILE, signatureFileName } from './artifact-files.ts';
import { ArtifactError } from './errors.ts';
import type { Signer } from './key-pair.ts';
import { parsePublicKey } from './public-key.ts';
import { preAuthenticationEncoding, writeBundle } from './sigstore-bundle.ts';
import { writeStatement } from './statement.ts';
import { verifySignature } from './verify-signature.ts';

/**
 * Adds a signature of each signer over all other files; signatures of other keys stay, one of the same key is replaced.
 * With several signers (m of n) all sign the same claim, or none is added.
 * @param options.signedAt the time to claim.
 * @returns the files of the artifact, the signatures included. The given map is not changed.
 * @throws ArtifactError `ARTIFACT_MANIFEST_INVALID`; `ARTIFACT_SIGNATURE_INVALID` when a signer's answer does not verify.
 */
export async function signArtifact(
  files: ArtifactFiles,
  signers: Signer | readonly Signer[],
  options: { readonly signedAt: Date },
): Promise<ArtifactFiles> {
  const signed = new Map(copyFiles(files));
  const { id, version, publisher } = parseArtifactManifest(signed);
  const payload = writeStatement(signed, { id, version, publisher, signedAt: options.signedAt.toISOString() });
  const message = preAuthenticationEncoding(payload);
  for (const signer of [signers].flat()) {
    const { keyId } = parsePublicKey(signer.publicKeyPem);
    const signature = await signer.sign(message);
    // A signer can be a remote service: what it answers is checked before it is published.
    verifySignature(message, signature, signer.publicKeyPem);
    signed.set(signatureFileName(keyId), writeBundle({ keyId, payload, signature }));
  }
  return copyFiles(signed);
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
