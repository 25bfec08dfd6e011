/** One link of a tenant's chain. */
export interface AuditEntry {
  readonly tenantId: string;
  /** 1, 2, 3 … without a gap; a decimal, as it may pass 2^53. */
  readonly seq: string;
  readonly runId: string | null;
  readonly kind: string;
  /** Canonical JSON of what happened: the exact text that is hashed. */
  readonly body: string;
  /** Hex. */
  readonly previousHash: string;
  /** Hex of SHA-256(previous hash || seq, 8 bytes big endian || body). */
  readonly hash: string;
}

/** Where a chain ends, kept apart from its entries: without it, a cut tail would not show. */
export interface AuditHead {
  readonly tenantId: string;
  readonly seq: string;
  readonly hash: string;
}
