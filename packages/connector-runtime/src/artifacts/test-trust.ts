import { parseTrustPolicy, type Signer, type TrustPolicy } from '@org/connector-artifact';

type TrustedSigner = { readonly signer: Signer } & Readonly<Record<string, unknown>>;

interface TestTrust {
  readonly keys: readonly TrustedSigner[];
  readonly allow?: readonly string[];
  /** Members of the policy itself: `serial`, `validUntil`. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Members of the publisher: `threshold`, `minimumVersions`. */
  readonly publisher?: Readonly<Record<string, unknown>>;
}

/** A policy in which `acme` may publish the probe connector. */
export function trustOf({ keys, allow = ['probe'], policy, publisher }: TestTrust): TrustPolicy {
  const listed = keys.map(({ signer: { keyId, publicKeyPem: publicKey }, ...more }) => {
    return { keyId, publicKey, validFrom: '2026-01-01T00:00:00Z', ...more };
  });
  const publishers = { acme: { keys: listed, allow, ...publisher } };
  return parseTrustPolicy(Buffer.from(JSON.stringify({ trustVersion: 1, ...policy, publishers })));
}
