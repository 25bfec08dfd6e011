import { parseJsonStrict } from '@org/connector-sdk';
import { z } from 'zod';
import { overlap } from './allow-patterns.ts';
import { ArtifactError } from './errors.ts';
import { type PublicKey, parsePublicKey } from './public-key.ts';
import { VERSION_PATTERN } from './version.ts';

const instant = z.iso.datetime();

const trustedKey = z
  .strictObject({
    keyId: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lowercase hex digits'),
    publicKey: z.string().max(1000),
    validFrom: instant,
    validUntil: instant.optional(),
    revoked: z.strictObject({ at: instant, reason: z.string().min(1).max(500) }).optional(),
  })
  .refine(({ validFrom, validUntil }) => validUntil === undefined || Date.parse(validFrom) < Date.parse(validUntil), {
    message: 'must be after validFrom',
    path: ['validUntil'],
  });

const connectorId = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be a connector id');

const publisher = z
  .strictObject({
    keys: z.array(trustedKey).min(1).max(50),
    threshold: z.int().min(1).max(50).default(1),
    /** Connector ids, or a prefix that ends in `-*`. There is no way to allow every id. */
    allow: z.array(
      connectorId.or(z.string().regex(/^[a-z][a-z0-9-]{0,38}-\*$/, 'must be a connector id or `prefix-*`')),
    ),
    minimumVersions: z.record(connectorId, z.string().max(64).regex(VERSION_PATTERN, 'must be a version')).optional(),
  })
  .refine(({ keys, threshold }) => threshold <= keys.length, {
    message: 'must not be more than the number of keys',
    path: ['threshold'],
  });

/** `trust.json`: who may sign what. See the README for each member. */
const trustFileSchema = z.strictObject({
  trustVersion: z.literal(1),
  /** Grows with every edit; a runtime refuses a policy with a lower one than it has seen. */
  serial: z.int().min(0).optional(),
  validUntil: instant.optional(),
  publishers: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, 'must be a publisher name'), publisher),
});

export type TrustFile = z.infer<typeof trustFileSchema>;

export interface TrustedKey {
  readonly publicKey: PublicKey;
  readonly validFrom: Date;
  readonly validUntil: Date | undefined;
  readonly revoked: { readonly at: string; readonly reason: string } | undefined;
}

export interface TrustedPublisher {
  readonly name: string;
  readonly threshold: number;
  readonly allow: readonly string[];
  readonly minimumVersions: ReadonlyMap<string, string>;
}

/** A checked trust policy: every key parsed, none weak, none listed twice. */
export interface TrustPolicy {
  /** 0 when the file has none. */
  readonly serial: number;
  readonly validUntil: Date | undefined;
  /** By key id. */
  readonly keys: ReadonlyMap<string, { readonly key: TrustedKey; readonly publisher: TrustedPublisher }>;
}

/**
 * Reads the bytes of a `trust.json`.
 * @throws ArtifactError `ARTIFACT_TRUST_INVALID` (the message names the member), `ARTIFACT_KEY_INVALID`, `ARTIFACT_KEY_WEAK`.
 */
export function parseTrustPolicy(bytes: Uint8Array): TrustPolicy {
  const file = parseTrustFile(bytes);
  checkOverlaps(file);
  const keys = new Map<string, { key: TrustedKey; publisher: TrustedPublisher }>();
  for (const [name, entry] of Object.entries(file.publishers)) {
    const minimumVersions = new Map(Object.entries(entry.minimumVersions ?? {}));
    const trusted: TrustedPublisher = { name, threshold: entry.threshold, allow: entry.allow, minimumVersions };
    for (const [index, key] of entry.keys.entries()) {
      const path = `publishers.${name}.keys[${index}]`;
      const publicKey = parseKeyAt(path, key.publicKey);
      if (publicKey.keyId !== key.keyId)
        throw invalid(`${path}.keyId`, `is not the id of its publicKey (${publicKey.keyId})`);
      if (keys.has(key.keyId)) throw invalid(path, 'is listed before; a key belongs to one publisher, once');
      keys.set(key.keyId, { key: { publicKey, ...dates(key), revoked: key.revoked }, publisher: trusted });
    }
  }
  const validUntil = file.validUntil === undefined ? undefined : new Date(file.validUntil);
  return { serial: file.serial ?? 0, validUntil, keys };
}

/** The same without looking into the keys, for programs that edit the file. Throws `ARTIFACT_TRUST_INVALID`. */
export function parseTrustFile(bytes: Uint8Array): TrustFile {
  let json: unknown;
  try {
    json = parseJsonStrict(bytes);
  } catch (cause) {
    throw invalid('the file', cause instanceof Error ? cause.message : 'is not JSON', cause);
  }
  const { data, error } = trustFileSchema.safeParse(json);
  if (data) return data;
  const issue = error.issues[0];
  throw invalid(z.core.toDotPath(issue?.path ?? []) || 'the file', issue?.message ?? 'is not valid', error);
}

/**
 * A connector's id has one owner: a prefix must not reach into what another publisher may publish. The very same id under
 * two publishers is spelt out by whoever hands a connector over, and is taken.
 */
function checkOverlaps({ publishers }: TrustFile): void {
  const patterns = Object.entries(publishers).flatMap(([name, { allow }]) =>
    allow.map((pattern, index) => ({ name, pattern, path: `publishers.${name}.allow[${index}]` })),
  );
  for (const [index, { name, pattern, path }] of patterns.entries()) {
    const other = patterns
      .slice(0, index)
      .find((earlier) => earlier.name !== name && overlap(earlier.pattern, pattern));
    if (other) throw invalid(path, `${pattern} overlaps with ${other.pattern} of ${other.name}; narrow one of them`);
  }
}

function dates(key: { validFrom: string; validUntil?: string | undefined }): {
  validFrom: Date;
  validUntil: Date | undefined;
} {
  return {
    validFrom: new Date(key.validFrom),
    validUntil: key.validUntil === undefined ? undefined : new Date(key.validUntil),
  };
}

function parseKeyAt(path: string, pem: string): PublicKey {
  try {
    return parsePublicKey(pem);
  } catch (cause) {
    if (!(cause instanceof ArtifactError)) throw cause;
    throw new ArtifactError(cause.code, `The trust policy is not valid at ${path}.publicKey: ${cause.message}`, {
      details: { path: `${path}.publicKey` },
      cause,
    });
  }
}

function invalid(path: string, why: string, cause?: unknown): ArtifactError {
  return new ArtifactError('ARTIFACT_TRUST_INVALID', `The trust policy is not valid at ${path}: ${why}`, {
    details: { path },
    cause,
  });
}
