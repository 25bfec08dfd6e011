import type { RawBuilder } from 'kysely';

/** Artifacts and rejected deliveries belong to no tenant: they are kept in the deployment's own chain, under this id. */
export const DEPLOYMENT = '00000000-0000-0000-0000-000000000000';

/** One thing that happened or is about to. No secret, header or body may be in it. */
export interface AuditRecord {
  readonly tenantId: string;
  readonly runId?: string;
  /** Dotted, past tense: `webhook.accepted`, `action.intended`, `approval.decided`. */
  readonly kind: string;
  /** Who: `system`, `admin:<name>`, `slack:T1/U1`, `workflow:<name>`. */
  readonly actor: string;
  /** On what, for example `servicenow.update-assignment` or an endpoint's id. */
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A change that is recorded as it is made: `with <change> select <made>`. */
export interface AuditedChange {
  readonly record: AuditRecord;
  /** Changes that are committed together are made in the order of this: that of the rows which they lock. */
  readonly order: string;
  readonly change: RawBuilder<unknown>;
  /** Columns and where from: no row says that nothing was changed, and nothing is recorded. */
  readonly made: RawBuilder<unknown>;
}

/**
 * Append-only, hash-chained per tenant. `append` is an SQL expression to be selected within the statement (or transaction)
 * that does what it records: both commit, or neither.
 */
export interface AuditTrail {
  append(record: AuditRecord): RawBuilder<string>;
  /**
   * Commits a change with its entry, or neither; resolves after the commit with what was made. Changes of one tenant that come
   * while others are being committed are committed together.
   */
  commit<Made extends object>(change: AuditedChange): Promise<Made | undefined>;
  /** In a statement of its own. */
  record(record: AuditRecord): Promise<void>;
}
