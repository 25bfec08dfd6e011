/** Where a sealed value belongs: it opens there and nowhere else. */
export interface SealContext {
  readonly tenantId: string;
  /** What it belongs to: a connection, an endpoint, an authorization under way. */
  readonly ownerId: string;
  readonly field: string;
  readonly generation: number;
}

/** Seals what is stored; the vault stage is one. */
export interface Sealer {
  seal(context: SealContext, text: string): Promise<Buffer>;
  /** Throws `CREDENTIAL_UNREADABLE` | `CREDENTIAL_SHREDDED` | `KEY_SERVICE_*`. */
  open(context: SealContext, sealed: Buffer): Promise<string>;
}
