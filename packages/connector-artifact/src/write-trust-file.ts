import type { TrustFile } from './trust-policy.ts';

/**
 * The one spelling of a trust policy: members in a fixed order, publishers, keys, ids and versions sorted, so that the same
 * policy is the same bytes and an edit is a short diff. It does not check: pass the result to `parseTrustPolicy`.
 */
export function writeTrustFile({ trustVersion, serial, validUntil, publishers }: TrustFile): Uint8Array {
  const ordered = {
    trustVersion,
    serial,
    validUntil,
    publishers: sorted(publishers, ({ keys, threshold, allow, minimumVersions }) => ({
      keys: [...keys]
        .sort((a, b) => compare(a.keyId, b.keyId))
        .map(({ keyId, publicKey, validFrom, validUntil, revoked }) => ({
          keyId,
          publicKey,
          validFrom,
          validUntil,
          revoked: revoked && { at: revoked.at, reason: revoked.reason },
        })),
      threshold,
      allow: [...new Set(allow)].sort(compare),
      minimumVersions: minimumVersions && sorted(minimumVersions, (version) => version),
    })),
  };
  return Buffer.from(`${JSON.stringify(ordered, null, 2)}\n`);
}

function sorted<V, W>(record: Readonly<Record<string, V>>, write: (value: V) => W): Record<string, W> {
  const entries = Object.entries(record).sort(([a], [b]) => compare(a, b));
  return Object.fromEntries(entries.map(([name, value]) => [name, write(value)]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
