import type { Manifest } from '@org/connector-sdk';
import { type ArtifactFiles, CODE_FILE, copyFiles, MANIFEST_FILE } from './artifact-files.ts';
import { checkPolicyFresh, checkPublisher, type VerifyOptions } from './check-trust.ts';
import { compareSubjects } from './compare-subjects.ts';
import { ArtifactError } from './errors.ts';
import { parseArtifactManifest } from './sign-artifact.ts';
import { digestOfSubjects, listSubjects, type Statement } from './statement.ts';
import type { TrustPolicy } from './trust-policy.ts';
import {
  findTrustedKeys,
  readBundles,
  unsigned,
  type VerifiedSignature,
  verifySignatures,
} from './trusted-signatures.ts';

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
  const { accepted, refusals } = verifySignatures(candidates, options);
  const [first, ...others] = accepted;
  if (first === undefined) throw refusals[0] ?? unsigned();
  const subjects = listSubjects(copy);
  for (const { statement } of accepted) compareSubjects(statement, subjects);
  for (const other of others) checkAgreement(first, other);
  checkPublisher(first.publisher, first.statement.predicate, accepted.length, refusals);
  const manifest = parseArtifactManifest(copy);
  checkManifest(manifest, first.statement);
  return {
    id: manifest.id,
    version: manifest.version,
    publisher: manifest.publisher,
    digest: digestOfSubjects(subjects),
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
