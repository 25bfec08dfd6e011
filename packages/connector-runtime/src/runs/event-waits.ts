import { sql } from 'kysely';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { TenantEvent } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { type Comparable, comparableFields, waitLock } from '../types/event-match.ts';
import type { Run, StepError } from '../types/run.ts';
import { type EventRow, toEvent } from './event-row.ts';

export interface EventWait {
  readonly key: string;
  readonly digest: string;
  readonly trigger: string;
  readonly match: Readonly<Record<string, Comparable>>;
}

/** What runs wait for, as rows. Whoever stores an event answers the waits that it fits, in the same transaction. */
export interface EventWaits {
  /** From its commit on no event is missed. Throws `RUN_FENCED`. */
  begin(run: Run, wait: EventWait, dueAt: number | undefined): Promise<void>;
  /** Answers a wait that is begun with the first event since the run's own that fits and answered no other wait of the run. */
  lookBack(run: Run, wait: EventWait): Promise<TenantEvent | undefined>;
  /** Ends a wait without an event. False when an event came first. */
  expire(run: Run, key: string, error: StepError): Promise<boolean>;
}

const PAGE = 100;

export function createEventWaits({ db, clock }: { readonly db: Db; readonly clock: Clock }): EventWaits {
  const held = (run: Run) => sql`
    select id, tenant_id, workspace_id from connector.runs
    where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation} and status = 'running'
    for share`;

  /** Ends a wait that nobody ended before; of any number at once, one does. */
  async function end(run: Run, key: string, how: { readonly eventId: string } | StepError): Promise<boolean> {
    const answered = 'eventId' in how;
    const { rows } = await sql`
      with run as materialized (${held(run)}), gone as (
        delete from connector.event_waits w using run where w.run_id = run.id and w.step_key = ${key}
        returning w.run_id
      )
      update connector.run_steps s set status = ${answered ? 'succeeded' : 'failed'}, due_at = null,
        event_id = ${answered ? how.eventId : null}::uuid, error = ${answered ? null : JSON.stringify(how)}::json,
        finished_at = ${new Date(clock.now())}
      from gone where s.run_id = gone.run_id and s.key = ${key} and s.status = 'waiting'
      returning s.key`.execute(db);
    return rows.length > 0;
  }

  /** A page of what may have come meanwhile, oldest first. */
  const eventsSince = (run: Run, trigger: string, after: { readonly at: Date; readonly id: string }) => sql<EventRow>`
    select e.* from connector.events e
    where e.tenant_id = ${run.tenantId} and e.workspace_id = ${run.workspaceId} and e.trigger = ${trigger}
      and (e.received_at, e.id) > (${after.at}, ${after.id}::uuid) and e.id <> ${run.event.id}
      and not exists (select from connector.run_steps s where s.run_id = ${run.id} and s.event_id = e.id)
    order by e.received_at, e.id limit ${PAGE}`;

  return {
    async begin(run, { key, digest, trigger, match }, dueAt) {
      await db.transaction().execute(async (trx) => {
        await waitLock('begins a wait', { workspaceId: run.workspaceId, trigger }).execute(trx);
        const now = new Date(clock.now());
        const { rows } = await sql`
          with run as materialized (${held(run)}), step as (
            insert into connector.run_steps (run_id, key, tenant_id, kind, digest, status, idempotency_key, due_at)
            select id, ${key}, tenant_id, 'event', ${digest}, 'waiting', '',
              ${dueAt === undefined ? null : new Date(dueAt)}::timestamptz
            from run
          )
          insert into connector.event_waits (run_id, step_key, tenant_id, workspace_id, trigger, match, created_at)
          select id, ${key}, tenant_id, workspace_id, ${trigger}, ${JSON.stringify(match)}::jsonb, ${now} from run
          returning run_id`.execute(trx);
        if (rows.length > 0) return;
        throw new RuntimeError('RUN_FENCED', `run ${run.id} was taken over by another node, or cancelled`);
      });
    },

    async lookBack(run, { key, trigger, match }) {
      let after = { at: new Date(run.event.receivedAt), id: '00000000-0000-0000-0000-000000000000' };
      for (;;) {
        const { rows } = await eventsSince(run, trigger, after).execute(db);
        const id = await firstFit(db, rows, match);
        const found = rows.find((row) => row.id === id);
        if (found !== undefined) return (await end(run, key, { eventId: found.id })) ? toEvent(found) : undefined;
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return undefined;
        after = { at: last.received_at, id: last.id };
      }
    },

    expire: (run, key, error) => end(run, key, error),
  };
}

/** In the database, so that what fits is decided by the same operator as for events that come later. */
async function firstFit(db: Db, rows: readonly EventRow[], match: EventWait['match']): Promise<string | undefined> {
  if (rows.length === 0) return undefined;
  const fields = rows.map(({ data }) => JSON.stringify(comparableFields(data)));
  const { rows: fitting } = await sql<{ id: string }>`
    select e.id from unnest(${rows.map(({ id }) => id)}::uuid[], ${fields}::jsonb[]) with ordinality as e (id, fields, place)
    where e.fields @> ${JSON.stringify(match)}::jsonb order by e.place limit 1`.execute(db);
  return fitting[0]?.id;
}
