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

/**
 * Append-only, hash-chained per tenant. `append` is an SQL expression to be selected within the statement (or transaction)
 * that does what it records: both commit, or neither.
 */
export interface AuditTrail {
  append(record: AuditRecord): RawBuilder<string>;
  /** In a statement of its own. */
  record(record: AuditRecord): Promise<void>;
}
