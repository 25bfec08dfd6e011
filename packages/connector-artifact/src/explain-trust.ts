import { type ArtifactFiles, copyFiles, keyIdOfSignatureFile } from './artifact-files.ts';
import type { VerifyOptions } from './check-trust.ts';
import { compareSubjects } from './compare-subjects.ts';
import { ArtifactError } from './errors.ts';
import { parseBundle } from './sigstore-bundle.ts';
import { listSubjects, type Subject } from './statement.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { findTrustedKeys, verifySignatures } from './trusted-signatures.ts';
import { type VerifiedArtifact, verifyArtifact } from './verify-artifact.ts';

/** What became of one signature, by the same steps that `verifyArtifact` takes. */
export interface SignatureVerdict {
  readonly file: string;
  readonly keyId: string;
  /** Whose key the policy says it is; `undefined` for a key that it does not name. */
  readonly publisher: string | undefined;
  /** The signer's claim; `undefined` when the signature does not count. */
  readonly signedAt: string | undefined;
  /** Why it does not count. */
  readonly refusal: ArtifactError | undefined;
}

/** Whether an artifact would be taken, and what each signature had to do with it. */
export interface TrustExplanation {
  readonly artifact: VerifiedArtifact | undefined;
  /** Exactly what `verifyArtifact` throws. */
  readonly refusal: ArtifactError | undefined;
  readonly signatures: readonly SignatureVerdict[];
}

/**
 * `verifyArtifact` for a person who wants to know why: it refuses the same artifacts for the same reasons, but goes on to
 * look at every signature. Decide by `verifyArtifact`; this is for showing.
 * @throws ArtifactError for files that are no artifact at all.
 */
export function explainTrust(files: ArtifactFiles, trust: TrustPolicy, options: VerifyOptions): TrustExplanation {
  const copy = copyFiles(files);
  const subjects = listSubjects(copy);
  const signatures = [...copy].flatMap(([file, bytes]): SignatureVerdict[] => {
    const keyId = keyIdOfSignatureFile(file);
    if (keyId === undefined) return [];
    const publisher = trust.keys.get(keyId)?.publisher.name;
    const verdict = judge(file, bytes, subjects, trust, options);
    const [signedAt, refusal] = verdict instanceof ArtifactError ? [undefined, verdict] : [verdict, undefined];
    return [{ file, keyId, publisher, signedAt, refusal }];
  });
  const result = attempt(() => verifyArtifact(copy, trust, options));
  return result instanceof ArtifactError
    ? { artifact: undefined, refusal: result, signatures }
    : { artifact: result, refusal: undefined, signatures };
}

/** When the signer of one signature says it signed, or why that signature does not count. */
function judge(
  file: string,
  bytes: Uint8Array,
  subjects: readonly Subject[],
  trust: TrustPolicy,
  options: VerifyOptions,
): string | ArtifactError {
  return attempt(() => {
    const candidates = findTrustedKeys([parseBundle(file, bytes)], trust);
    const { accepted, refusals } = verifySignatures(candidates, options);
    for (const refusal of refusals) throw refusal;
    for (const { statement } of accepted) compareSubjects(statement, subjects);
    return accepted.map(({ statement }) => statement.predicate.signedAt).join();
  });
}

function attempt<T>(work: () => T): T | ArtifactError {
  try {
    return work();
  } catch (error) {
    if (error instanceof ArtifactError) return error;
    throw error;
  }
}
