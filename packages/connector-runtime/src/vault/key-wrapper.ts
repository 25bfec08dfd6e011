/** What a wrapped key is for; it opens for nothing else. */
export interface KeyContext {
  readonly tenantId: string;
  readonly version: number;
}

/**
 * Keeps tenants' keys under a key of its own, which never reaches the database: a local master key, or a key service.
 *
 * Everything throws RuntimeError `KEY_SERVICE_UNAVAILABLE` (ask again later) or `KEY_SERVICE_REFUSED` (somebody must act).
 */
export interface KeyWrapper {
  /** Names the key and where it is. Stored beside what it wrapped: another key must have another id. */
  readonly id: string;
  wrap(key: Buffer, context: KeyContext): Promise<Buffer>;
  /** Undefined when it does not open: changed, of another tenant, or wrapped by another key. */
  unwrap(wrapped: Buffer, context: KeyContext): Promise<Buffer | undefined>;
  /** True when it opens what was wrapped before wrapped keys named their wrapper. */
  readonly opensUnnamed?: boolean;
  /** For services that rotate the key behind the same id: whether this was wrapped by its newest version. */
  isNewest?(wrapped: Buffer): Promise<boolean>;
  /** The same key under the newest version, without showing it to this process. Without it, it is unwrapped and wrapped. */
  rewrap?(wrapped: Buffer, context: KeyContext): Promise<Buffer>;
}

/** The first wraps; the others still open what they wrapped. */
export type KeyWrappers = readonly [KeyWrapper, ...KeyWrapper[]];
