import { randomUUID } from 'node:crypto';
import { type KyselyPlugin, sql } from 'kysely';
import { createTestDatabase } from '../store/test-database.ts';
import { silentLog } from '../types/log.ts';
import type { Priority } from '../types/priority.ts';
import { createLimits, type Limits } from './limits.ts';
import type { AnswerHead, LimitedConnection, RateLimit } from './ports.ts';
import { createPostgresRateLedger, LIMITS_CHANNEL } from './postgres-rate-ledger.ts';
import { createTestTimeline, watched } from './test-timeline.ts';

const OK: AnswerHead = { status: 200, headers: {} };

export type LimitsBench = Awaited<ReturnType<typeof createLimitsBench>>;

/** Nodes with limits of their own over one real Postgres, on a time that moves when it is told. */
export async function createLimitsBench() {
  const database = await createTestDatabase();
  const { db } = database;
  const tenantId = randomUUID();
  await db.insertInto('connector.tenants').values({ id: tenantId, name: tenantId }).execute();
  await db.insertInto('connector.workspaces').values({ id: tenantId, tenant_id: tenantId, name: 'main' }).execute();
  const closers: (() => Promise<void>)[] = [];

  /** Postgres notifies in the order of commits: who hears this has heard all that was said before. */
  async function heardAll(hearing: readonly Ears[]): Promise<void> {
    if (hearing.length === 0) return;
    const word = `heard ${randomUUID()}`;
    const heard = hearing.map((ears) => ears.hears(word));
    await sql`select pg_notify(${LIMITS_CHANNEL}, ${word})`.execute(db);
    await Promise.all(heard);
  }

  return {
    db,
    database,
    tenantId,
    async newConnection(): Promise<LimitedConnection> {
      const id = randomUUID();
      const row = { id, tenant_id: tenantId, workspace_id: tenantId, name: id, connector: 'saas' };
      await db
        .insertInto('connector.connections')
        .values({ ...row, config: '{}', auth: 'key' })
        .execute();
      return { id, tenantId };
    },
    /** A world with a time of its own. `hears`: whether nodes get each other's notifications. */
    newWorld({ hears = true } = {}) {
      const time = createTestTimeline();
      const counts = { statements: 0 };
      const hearing: Ears[] = [];
      const counting: KyselyPlugin = {
        transformQuery({ node }) {
          counts.statements += 1;
          return node;
        },
        transformResult: async ({ result }) => result,
      };
      return {
        time,
        counts,
        async newNode(): Promise<Limits> {
          const nodeId = randomUUID();
          const ledger = createPostgresRateLedger({ db: db.withPlugin(counting), nodeId, clock: time.clock });
          const limits = createLimits({
            ledger: watched(ledger, time),
            nodeId,
            clock: time.clock,
            log: silentLog,
            time,
          });
          if (hears) {
            const ears = createEars(limits);
            hearing.push(ears);
            closers.push(await database.store.listen(LIMITS_CHANNEL, ears));
          }
          return limits;
        },
        /** Moves on until `isTrue`, in small steps; what nodes tell each other is heard in between. */
        async until(isTrue: () => boolean, forMs = 10_000): Promise<void> {
          for (let passed = 0; passed < forMs && !isTrue(); passed += 20) {
            await time.advance(20);
            await heardAll(hearing);
            await time.settle();
          }
        },
      };
    },
    async close() {
      for (const close of closers.splice(0)) await close();
      await database.close();
    },
  };
}

type Ears = ReturnType<typeof createEars>;

/** Passes on what a node is told, and says when it was told a word of the bench. */
function createEars(limits: Limits) {
  const awaited = new Map<string, () => void>();
  return {
    hears: (word: string) => new Promise<void>((resolve) => awaited.set(word, resolve)),
    onMessage(text: string): void {
      const resolve = awaited.get(text);
      awaited.delete(text);
      if (resolve) resolve();
      else limits.onMessage(text);
    },
    onGap: () => limits.onGap(),
  };
}

export interface Sent {
  readonly at: number;
  /** Ends it with this answer. */
  answer(head?: Partial<AnswerHead>): void;
  fail(error: Error): void;
}

/** Sends through a node and keeps what left. */
export function createSender(limits: Limits, now: () => number) {
  const sent: Sent[] = [];
  const refused: { code: string; retryAfterMs: number }[] = [];
  return {
    sent,
    refused,
    send(
      connection: LimitedConnection,
      limit: RateLimit,
      { priority = 'run' as Priority, patienceMs = 10_000, atOnce = true, begun = false } = {},
    ): Promise<AnswerHead | undefined> {
      const { signal } = new AbortController();
      const pass = limits.open(connection, limit, priority).pass({ patienceMs, signal, begun }, (onHead) => {
        const { promise, resolve, reject } = Promise.withResolvers<AnswerHead>();
        const answer = (head: Partial<AnswerHead> = {}) => {
          const full = { ...OK, ...head };
          onHead(full);
          resolve(full);
        };
        sent.push({ at: now(), answer, fail: reject });
        if (atOnce) answer();
        return promise;
      });
      return pass.catch((error: { code: string; details: { retryAfterMs: number } }) => {
        refused.push({ code: error.code, retryAfterMs: error.details?.retryAfterMs });
        return undefined;
      });
    },
  };
}
