import { canonicalJson } from '@org/connector-sdk';
import { type RawBuilder, sql } from 'kysely';
import type { AuditRecord, AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { createCommitTogether } from './commit-together.ts';

/** The hash chain of each tenant, kept by the database's own `connector.audit_append`: see docs/decisions/0051. */
export function createAuditTrail({ db, clock }: { readonly db: Db; readonly clock: Clock }): AuditTrail {
  const append = (record: AuditRecord): RawBuilder<string> =>
    sql<string>`connector.audit_append(${record.tenantId}::uuid, ${record.runId ?? null}::uuid, ${record.kind}::text, ${auditBody(record, clock.now())}::text)`;
  return {
    append,
    commit: createCommitTogether({ db, append }),
    async record(record) {
      await sql`select ${append(record)}`.execute(db);
    },
  };
}

/** The exact text that is hashed. */
export function auditBody(record: AuditRecord, now: number): string {
  const { kind, actor, subject, runId = null, tenantId, details } = record;
  const at = new Date(now).toISOString();
  // What an outsider named may hold U+0000, which Postgres has no room for in text; as an escape, JSON does.
  return canonicalJson(wellFormed({ at, kind, actor, subject, runId, tenantId, details }));
}

/** Half of a surrogate pair, as a cut message may end with, has no canonical form: it becomes U+FFFD. */
function wellFormed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, member) =>
    typeof member === 'string' ? member.toWellFormed() : member,
  );
}
