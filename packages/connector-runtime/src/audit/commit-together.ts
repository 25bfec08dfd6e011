import { type RawBuilder, sql } from 'kysely';
import type { AuditedChange, AuditTrail } from '../types/audit.ts';
import type { Db } from '../types/database.ts';
import { createGathering, type Gathering } from '../types/gathering.ts';

/** So that one that waits for a row that somebody else holds does not hold up all others of its tenant. */
const AT_ONCE = 2;
const MAX_TOGETHER = 50;
const MAX_WAIT_MS = 60_000;

/**
 * Each entry of a chain locks its head until the commit, so changes of one tenant would wait for each other one commit at a time,
 * each with a connection. Here those that come meanwhile wait for the next commit, and take it together.
 */
export function createCommitTogether({
  db,
  append,
}: {
  readonly db: Db;
  readonly append: AuditTrail['append'];
}): AuditTrail['commit'] {
  const tenants = new Map<string, Gathering<AuditedChange, unknown>>();

  function gatheringOf(tenantId: string): Gathering<AuditedChange, unknown> {
    const known = tenants.get(tenantId);
    if (known !== undefined) return known;
    const gathering = createGathering<AuditedChange, unknown>({
      askAll: ([first, ...others]) => commitAll(first as AuditedChange, others),
      isOfOne: (error) => error instanceof NothingCommitted,
      weigh: () => 1,
      maxItems: MAX_TOGETHER,
      maxWeight: MAX_TOGETHER,
      atOnce: AT_ONCE,
      maxWaitMs: MAX_WAIT_MS,
      late: () => new Error(`the database did not commit a change within ${MAX_WAIT_MS / 1000} s`),
      onIdle: () => void tenants.delete(tenantId),
    });
    tenants.set(tenantId, gathering);
    return gathering;
  }

  /** What comes alone is one statement. */
  async function commitAll(first: AuditedChange, others: readonly AuditedChange[]): Promise<readonly unknown[]> {
    if (others.length > 0) return commitTogether([first, ...others]);
    const { change, made, record } = first;
    const { rows } = await sql`with ${change} select ${append(record)} as seq, ${made}`.execute(db);
    return [rows[0]];
  }

  /** The chain's head is locked last: whoever waits for a row here keeps nobody else from it. */
  async function commitTogether(changes: readonly AuditedChange[]): Promise<readonly unknown[]> {
    const inOrder = changes.toSorted((one, other) => (one.order < other.order ? -1 : one.order > other.order ? 1 : 0));
    const found = new Map<AuditedChange, unknown>();
    let isCommitting = false;
    try {
      await db.transaction().execute(async (trx) => {
        for (const one of inOrder) {
          const { rows } = await sql`with ${one.change} select ${one.made}`.execute(trx);
          found.set(one, rows[0]);
        }
        // As they were asked for: the entries of one run follow each other.
        const entries = changes.filter((one) => found.get(one) !== undefined).map(({ record }) => append(record));
        if (entries.length > 0) await sql`select ${list(entries)}`.execute(trx);
        isCommitting = true;
      });
    } catch (cause) {
      // A commit that was sent may have come through: nothing of it is done again.
      throw isCommitting ? cause : new NothingCommitted('a change of several failed', { cause });
    }
    return changes.map((one) => found.get(one));
  }

  return async <Made extends object>(change: AuditedChange) =>
    (await gatheringOf(change.record.tenantId).ask(change)) as Made | undefined;
}

/** What was wrong may be wrong with one of them only: each is then tried by itself. */
class NothingCommitted extends Error {}

/** Functions of a list of columns are called from left to right. */
function list(entries: readonly RawBuilder<string>[]): RawBuilder<unknown> {
  return sql.join(entries.map((entry, at) => sql`${entry} as ${sql.ref(`seq${at}`)}`));
}
