import { matchesPattern } from './allow-patterns.ts';
import { ArtifactError } from './errors.ts';
import type { Statement, StatementPredicate } from './statement.ts';
import type { TrustedKey, TrustedPublisher, TrustPolicy } from './trust-policy.ts';
import { isOlderVersion } from './version.ts';

export interface VerifyOptions {
  readonly now: Date;
  /**
   * `enable` (the default) is for what is new here: it also refuses when the policy is past its `validUntil`, or a key past
   * its own, however early the signer says it signed. `load` is for an artifact that was enabled before: it goes on when
   * time has passed, and stops when its key is revoked.
   */
  readonly purpose?: 'enable' | 'load';
}

/** How far a signer's clock may run ahead of ours. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** @throws ArtifactError `ARTIFACT_TRUST_EXPIRED` when the policy is past its own `validUntil`. */
export function checkPolicyFresh(trust: TrustPolicy, now: Date): void {
  if (trust.validUntil === undefined || now < trust.validUntil) return;
  const until = trust.validUntil.toISOString();
  throw new ArtifactError('ARTIFACT_TRUST_EXPIRED', `The trust policy ended at ${until}; fetch the current one`, {
    details: { validUntil: until },
  });
}

/**
 * Whether a verified signature counts: the statement, or the reason why not. A revoked key is out whatever the time,
 * before its payload is even read. Otherwise `signedAt` must lie in the key's window. That time is the signer's own
 * claim, which whoever stole an old key can make up: so a key that has ended vouches for nothing new (`enable`), and for
 * what was enabled in its time only by that claim. Last, a key speaks for its own publisher only.
 */
export function judgeStatement(
  key: TrustedKey,
  publisher: TrustedPublisher,
  readStatement: () => Statement,
  { now, purpose }: VerifyOptions,
): Statement | ArtifactError {
  const { keyId } = key.publicKey;
  const refusal = (code: ArtifactError['code'], what: string, next: string) =>
    new ArtifactError(code, `Key ${keyId} ${what}; ${next}`, { details: { keyId } });
  if (key.revoked) {
    const { at, reason } = key.revoked;
    return refusal('ARTIFACT_KEY_REVOKED', `was revoked at ${at} (${reason})`, 'get a release signed with another key');
  }
  const statement = readStatement();
  const signedAt = new Date(statement.predicate.signedAt);
  const claim = `signed at ${statement.predicate.signedAt}`;
  if (signedAt.getTime() > now.getTime() + CLOCK_SKEW_MS) {
    return refusal('ARTIFACT_SIGNED_IN_FUTURE', `${claim}, which is in the future`, 'check both clocks');
  }
  if (signedAt < key.validFrom) {
    return refusal(
      'ARTIFACT_KEY_NOT_YET_VALID',
      `${claim}, before it was valid`,
      'check validFrom in the trust policy',
    );
  }
  if (key.validUntil !== undefined && signedAt >= key.validUntil) {
    return refusal('ARTIFACT_KEY_EXPIRED', `${claim}, after it expired`, 'get a release signed with a current key');
  }
  if (purpose !== 'load' && key.validUntil !== undefined && now >= key.validUntil) {
    const what = `expired at ${key.validUntil.toISOString()} and enables nothing new, whenever it signed`;
    return refusal('ARTIFACT_KEY_EXPIRED', what, 'get a release signed with a current key');
  }
  const claimed = statement.predicate.publisher;
  if (claimed !== publisher.name) {
    const what = `belongs to ${publisher.name}, but signed for ${JSON.stringify(claimed)}`;
    return refusal('ARTIFACT_PUBLISHER_MISMATCH', what, `ask ${publisher.name} about it`);
  }
  return statement;
}

/**
 * Whether this publisher may publish this release with these signatures.
 * @throws ArtifactError `ARTIFACT_NOT_ALLOWED`, `ARTIFACT_THRESHOLD_NOT_MET`,
 * `ARTIFACT_VERSION_TOO_OLD`.
 */
export function checkPublisher(
  publisher: TrustedPublisher,
  { id, version }: StatementPredicate,
  signatures: number,
  refusals: readonly ArtifactError[],
): void {
  const { name, threshold, allow, minimumVersions } = publisher;
  if (!allow.some((pattern) => matchesPattern(pattern, id))) {
    throw new ArtifactError(
      'ARTIFACT_NOT_ALLOWED',
      `The trust policy does not allow ${id} from ${name}; add it to publishers.${name}.allow if it should run`,
      { details: { id, publisher: name } },
    );
  }
  if (signatures < threshold) {
    const problems = refusals.map(({ code, details }) => ({ code, keyId: details.keyId }));
    throw new ArtifactError(
      'ARTIFACT_THRESHOLD_NOT_MET',
      `${id} has ${signatures} of the ${threshold} signatures that ${name} needs; have it signed by another key`,
      { details: { id, publisher: name, signatures, threshold, problems } },
    );
  }
  const minimum = minimumVersions.get(id);
  if (minimum !== undefined && isOlderVersion(version, minimum)) {
    throw new ArtifactError(
      'ARTIFACT_VERSION_TOO_OLD',
      `${id} ${version} is older than ${minimum}, the oldest version the trust policy takes; install a newer one`,
      { details: { id, version, minimum } },
    );
  }
}
