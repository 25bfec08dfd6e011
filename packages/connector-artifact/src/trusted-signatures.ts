import { type ArtifactFiles, keyIdOfSignatureFile } from './artifact-files.ts';
import { judgeStatement, type VerifyOptions } from './check-trust.ts';
import { ArtifactError } from './errors.ts';
import { parseBundle, preAuthenticationEncoding, type SignatureBundle } from './sigstore-bundle.ts';
import { parseStatement, type Statement } from './statement.ts';
import type { TrustedKey, TrustedPublisher, TrustPolicy } from './trust-policy.ts';
import { verifySignature } from './verify-signature.ts';

/** A signature whose key the policy names. Nothing about it was verified. */
interface Candidate {
  readonly bundle: SignatureBundle;
  readonly key: TrustedKey;
  readonly publisher: TrustedPublisher;
}

/** A signature of a known key, verified; its statement may now be read. */
export interface VerifiedSignature {
  readonly keyId: string;
  readonly publisher: TrustedPublisher;
  readonly statement: Statement;
}

/** The signature files of an artifact, parsed, not verified. Throws `ARTIFACT_UNSIGNED`, `ARTIFACT_SIGNATURE_INVALID`. */
export function readBundles(files: ArtifactFiles): SignatureBundle[] {
  const bundles = [...files]
    .filter(([name]) => keyIdOfSignatureFile(name) !== undefined)
    .map(([name, bytes]) => parseBundle(name, bytes));
  if (bundles.length === 0) throw unsigned();
  return bundles;
}

/**
 * Signatures of keys that the policy does not name prove nothing and harm nothing: another party may trust them.
 * @throws ArtifactError `ARTIFACT_UNTRUSTED_SIGNER` when none is left.
 */
export function findTrustedKeys(bundles: readonly SignatureBundle[], trust: TrustPolicy): Candidate[] {
  const candidates = bundles.flatMap((bundle) => {
    const trusted = trust.keys.get(bundle.keyId);
    return trusted ? [{ bundle, ...trusted }] : [];
  });
  if (candidates.length > 0) return candidates;
  const keyIds = bundles.map(({ keyId }) => keyId);
  throw new ArtifactError(
    'ARTIFACT_UNTRUSTED_SIGNER',
    `The artifact is signed by ${keyIds.join(', ')}, which the trust policy does not name; add the key only if you know whose it is`,
    { details: { keyIds } },
  );
}

/** A wrong signature of a trusted key is refused outright. One that does not count is kept aside, as a refusal. */
export function verifySignatures(candidates: readonly Candidate[], options: VerifyOptions) {
  const accepted: VerifiedSignature[] = [];
  const refusals: ArtifactError[] = [];
  for (const { bundle, key, publisher } of candidates) {
    verifySignature(preAuthenticationEncoding(bundle.payload), bundle.signature, key.publicKey);
    const statement = judgeStatement(key, publisher, () => parseStatement(bundle.payload, bundle.keyId), options);
    if (statement instanceof ArtifactError) refusals.push(statement);
    else accepted.push({ keyId: bundle.keyId, publisher, statement });
  }
  return { accepted, refusals };
}

export function unsigned(): ArtifactError {
  return new ArtifactError('ARTIFACT_UNSIGNED', 'The artifact has no signature; sign it with `connector sign`');
}
