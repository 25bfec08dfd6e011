import type { Manifest } from '@org/connector-sdk';
import { type ArtifactFiles, CODE_FILE, copyFiles, keyIdOfSignatureFile, MANIFEST_FILE } from './artifact-files.ts';
import { checkPolicyFresh, checkPublisher, judgeStatement } from './check-trust.ts';
import { compareSubjects } from './compare-subjects.ts';
import { ArtifactError } from './errors.ts';
import { parseArtifactManifest } from './sign-artifact.ts';
import { parseBundle, preAuthenticationEncoding, type SignatureBundle } from './sigstore-bundle.ts';
import { parseStatement, type Statement, subjectDigest } from './statement.ts';
import type { TrustedPublisher, TrustPolicy } from './trust-policy.ts';
import { verifySignature } from './verify-signature.ts';

/** An artifact that may run. Load `code` from here and never from the source again. */
export interface VerifiedArtifact {
  readonly id: string;
  readonly version: string;
  readonly publisher: string;
  /** `sha256:<hex>` of the subject list; the artifact's identity. */
  readonly digest: string;
  /** The trusted keys whose signatures counted, sorted. */
  readonly keyIds: readonly string[];
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  readonly code: Uint8Array;
  /** The latest time that a counted signer claims. */
  readonly signedAt: string;
}

export interface VerifyOptions {
  readonly now: Date;
  /**
   * `enable` (the default) also refuses when the policy itself is past its `validUntil`; `load` is for an artifact that
   * was enabled before: an outdated policy then still stops whatever it revokes.
   */
  readonly purpose?: 'enable' | 'load';
}

/** A signature of a known key, verified; its statement may now be read. */
interface VerifiedSignature {
  readonly keyId: string;
  readonly publisher: TrustedPublisher;
  readonly statement: Statement;
}

/**
 * Decides whether an artifact may run. Nothing is parsed before the signature over it was verified, apart from the
 * signature files themselves; the manifest comes last.
 * @throws ArtifactError with one code per reason, see `ArtifactErrorCode`.
 */
export function verifyArtifact(files: ArtifactFiles, trust: TrustPolicy, options: VerifyOptions): VerifiedArtifact {
  if (options.purpose !== 'load') checkPolicyFresh(trust, options.now);
  const copy = copyFiles(files);
  const bundles = readBundles(copy);
  const candidates = findTrustedKeys(bundles, trust);
  const { accepted, refusals } = verifySignatures(candidates, options.now);
  const [first, ...others] = accepted;
  if (first === undefined) throw refusals[0] ?? unsigned();
  for (const { statement } of accepted) compareSubjects(statement, copy);
  for (const other of others) checkAgreement(first, other);
  checkPublisher(first.publisher, first.statement.predicate, accepted.length, refusals);
  const manifest = parseArtifactManifest(copy);
  checkManifest(manifest, first.statement);
  return {
    id: manifest.id,
    version: manifest.version,
    publisher: manifest.publisher,
    digest: subjectDigest(copy),
    keyIds: accepted.map(({ keyId }) => keyId).sort(),
    manifest,
    manifestBytes: copy.get(MANIFEST_FILE) ?? new Uint8Array(),
    code: copy.get(CODE_FILE) ?? new Uint8Array(),
    signedAt:
      accepted
        .map(({ statement }) => new Date(statement.predicate.signedAt).toISOString())
        .sort()
        .at(-1) ?? '',
  };
}

function readBundles(files: ArtifactFiles): SignatureBundle[] {
  const bundles = [...files]
    .filter(([name]) => keyIdOfSignatureFile(name) !== undefined)
    .map(([name, bytes]) => parseBundle(name, bytes));
  if (bundles.length === 0) throw unsigned();
  return bundles;
}

/** Signatures of keys that the policy does not name prove nothing and harm nothing: another party may trust them. */
function findTrustedKeys(bundles: SignatureBundle[], trust: TrustPolicy) {
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
function verifySignatures(candidates: ReturnType<typeof findTrustedKeys>, now: Date) {
  const accepted: VerifiedSignature[] = [];
  const refusals: ArtifactError[] = [];
  for (const { bundle, key, publisher } of candidates) {
    verifySignature(preAuthenticationEncoding(bundle.payload), bundle.signature, key.publicKey);
    const statement = judgeStatement(key, publisher, () => parseStatement(bundle.payload, bundle.keyId), now);
    if (statement instanceof ArtifactError) refusals.push(statement);
    else accepted.push({ keyId: bundle.keyId, publisher, statement });
  }
  return { accepted, refusals };
}

/** Several signers must have signed the same release; otherwise they do not add up. */
function checkAgreement(first: VerifiedSignature, other: VerifiedSignature): void {
  const [a, b] = [first.statement.predicate, other.statement.predicate];
  if (a.id === b.id && a.version === b.version && a.publisher === b.publisher) return;
  throw new ArtifactError(
    'ARTIFACT_STATEMENT_MISMATCH',
    `Keys ${first.keyId} and ${other.keyId} signed different things; remove one signature or sign again`,
    { details: { keyIds: [first.keyId, other.keyId] } },
  );
}

function checkManifest(manifest: Manifest, { predicate }: Statement): void {
  for (const field of ['id', 'version', 'publisher'] as const) {
    if (manifest[field] === predicate[field]) continue;
    throw new ArtifactError(
      'ARTIFACT_STATEMENT_MISMATCH',
      `${MANIFEST_FILE} says ${field} ${JSON.stringify(manifest[field])}, the signed statement ${JSON.stringify(predicate[field])}; sign again`,
      { details: { file: MANIFEST_FILE, field } },
    );
  }
}

function unsigned(): ArtifactError {
  return new ArtifactError('ARTIFACT_UNSIGNED', 'The artifact has no signature; sign it with `connector sign`');
}
