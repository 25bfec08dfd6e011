import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createAuditTrail } from '../audit/index.ts';
import { createRecordEvents } from '../events/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createTestTenants, type Seeded } from '../tenants/test-tenant.ts';
import type { PolledEvent, PollOutcome, PollTarget } from '../types/connector-calls.ts';
import type { Job } from '../types/jobs.ts';
import { silentLog } from '../types/log.ts';
import { createPolling, type PollingOptions, type PollingStage } from './polling.ts';

export const TRIGGER = 'sample.polled';

export type Poll = (target: PollTarget, cursor: string | undefined, signal: AbortSignal) => Promise<PollOutcome>;

/** A page as a connector gives it: events, the cursor behind them, and whether there is more. */
export function page(keys: readonly (string | PolledEvent)[], cursor: string, more = false): PollOutcome {
  const events = keys.map((key) => (typeof key === 'string' ? { eventKey: key, data: { key } } : key));
  return { status: 'read', events, cursor, more };
}

/** A SaaS whose answers are given one after the other; the last one stays. */
export function answering(...outcomes: readonly PollOutcome[]) {
  const cursors: (string | undefined)[] = [];
  const poll = async (_target: unknown, cursor: string | undefined) => {
    cursors.push(cursor);
    const outcome = outcomes[Math.min(cursors.length, outcomes.length) - 1];
    if (!outcome) throw new Error('an answer is expected');
    return outcome;
  };
  return { poll, cursors };
}

export const failed = (retryAfterMs?: number): PollOutcome => ({
  status: 'failed',
  error: { code: 'SAMPLE_DOWN', message: 'it is down' },
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** Polling on a real database; the connector is the test's own. */
function createTestPolling(database: TestDatabase) {
  const { db } = database;
  let now = Date.parse('2026-11-22T12:00:00Z');
  const clock = { now: () => now };
  const jobs: Job[] = [];
  const audit = createAuditTrail({ db, clock });
  const send = async (_trx: unknown, sent: readonly Job[]) => void jobs.push(...sent);
  const test = createTestTenants(database.store, clock);
  const state = () =>
    db.selectFrom('connector.poll_cursors').selectAll().where('trigger', '=', TRIGGER).executeTakeFirstOrThrow();

  /** One node: its memory is its own, the database is everybody's. */
  function node(poll: Poll, over: Partial<PollingOptions> = {}): PollingStage {
    return createPolling({
      db,
      calls: { poll },
      workflows: { triggers: [TRIGGER], startedBy: () => ['triage'] },
      recordEvents: createRecordEvents({ jobs: { send }, clock }),
      connections: test.tenants,
      settings: { enabled: true, intervalSeconds: {}, maxIntervalSeconds: 900, backfillDays: 7 },
      audit,
      clock,
      log: silentLog,
      random: () => 0.5,
      ...over,
    });
  }

  return {
    db,
    asOwner: database.asOwner,
    jobs,
    test,
    node,
    state,
    now: () => now,
    advance(ms: number) {
      now += ms;
    },
    /** Milliseconds from now until it is due. */
    waitMs: async () => (await state()).next_due_at.getTime() - now,
    eventKeys: async () => {
      const rows = await db.selectFrom('connector.events').select('event_key').orderBy('event_key').execute();
      return rows.map((row) => row.event_key);
    },
    runs: () => db.selectFrom('connector.runs').selectAll().execute(),
    audits: async (kind: string) => {
      const rows = await db
        .selectFrom('connector.audit_entries')
        .select('body')
        .where('kind', '=', kind)
        .orderBy('seq')
        .execute();
      return rows.map(({ body }) => JSON.parse(body) as { actor: string; details: Record<string, unknown> });
    },
  };
}

/** An empty database with one tenant before each test of the file. */
export function beforeEachTenant(
  take: (fresh: { readonly bench: TestPolling; readonly seeded: Seeded }) => void,
): void {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(async () => {
    await database.reset();
    const bench = createTestPolling(database);
    take({ bench, seeded: await bench.test.seed('a') });
  });
  afterAll(() => database?.close());
}

export type TestPolling = ReturnType<typeof createTestPolling>;
