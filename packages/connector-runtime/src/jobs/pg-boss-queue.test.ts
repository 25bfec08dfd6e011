import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { PgBoss } from 'pg-boss';
import { v7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { silentLog } from '../types/log.ts';
import { createPgBossQueue, type JobHandlers, type PgBossQueue } from './pg-boss-queue.ts';

let database: TestDatabase;
let queue: PgBossQueue;
let children: ChildProcess[];
beforeEach(async () => {
  database = await createTestDatabase();
  queue = createPgBossQueue({ store: database.store, log: silentLog });
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await queue.stop();
  await database.close();
});

const nothing = async () => {};
const handlersFor = (run: (id: string) => Promise<void>): JobHandlers => ({
  run,
  'approval-request': nothing,
  'approval-update': nothing,
  'approval-expiry': nothing,
  'approval-follow-up': nothing,
});
const send = (runIds: readonly string[], startAt?: number) =>
  database.db.transaction().execute((trx) =>
    queue.send(
      trx,
      runIds.map((runId) => ({ queue: 'run', runId })),
      startAt === undefined ? {} : { startAt },
    ),
  );
const waiting = async () => {
  const { rows } = await sql<{ key: string; at: Date }>`
    select singleton_key as key, start_after as at from connector_jobs.job where name = 'run' and state < 'active'
    order by created_on`.execute(database.db);
  return rows;
};

describe('the job queue', () => {
  it('works on a job that was sent within a transaction', async () => {
    const done = new EventEmitter();
    await queue.work(handlersFor(async (id) => void done.emit('run', id)));
    const id = v7();
    const called = once(done, 'run');
    await send([id]);
    expect(await called).toEqual([id]);
  });

  it('has no job when the transaction rolls back', async () => {
    const failed = database.db.transaction().execute(async (trx) => {
      await queue.send(trx, [{ queue: 'run', runId: v7() }]);
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect(await waiting()).toEqual([]);
  });

  it('lets one job per id wait, however often it is sent', async () => {
    const [a, b] = [v7(), v7()];
    await send([a, b, a]);
    await Promise.all([send([a]), send([b, a]), send([a, b])]);
    expect((await waiting()).map(({ key }) => key).sort()).toEqual([a, b].sort());
  });

  it('starts a waiting job earlier when asked to, and never later', async () => {
    const [id, now] = [v7(), Date.now()];
    // In tens of seconds from now: the two clocks, and what it takes to send, differ by less.
    const waitingAt = async () => (await waiting()).map(({ at }) => Math.round((at.getTime() - now) / 10_000) * 10_000);
    await send([id], now + 90_000);
    expect(await waitingAt()).toEqual([90_000]);
    await send([id], now + 60_000);
    expect(await waitingAt()).toEqual([60_000]);
    await send([id], now + 120_000);
    expect(await waitingAt()).toEqual([60_000]);
    const done = new EventEmitter();
    await queue.work(handlersFor(async (run) => void done.emit('run', run)));
    const called = once(done, 'run');
    await send([id]);
    expect(await called).toEqual([id]);
  });

  it('wakes workers for a job that is brought forward, where pg-boss wakes them for a new one', async () => {
    const { rows } = await sql<{ channel: string }>`
      select 'pgboss_' || left(encode(sha224('connector_jobs'::bytea), 'hex'), 24) as channel`.execute(database.db);
    const told = new EventEmitter();
    const listener = { onMessage: (text: string) => void told.emit('queue', text), onGap: () => {} };
    const close = await database.store.listen(rows[0]?.channel ?? '', listener);
    try {
      const ofNew = once(told, 'queue');
      await send([v7()]);
      expect(await ofNew).toEqual(['run']);
      const id = v7();
      await send([id], Date.now() + 86_400_000);
      const ofForwarded = once(told, 'queue');
      await send([id]);
      expect(await ofForwarded).toEqual(['run']);
    } finally {
      await close();
    }
  });

  it('works beside another application that uses pg-boss in the same database', async () => {
    const theirs = new PgBoss({ connectionString: database.store.url.reveal(), schedule: false });
    theirs.on('error', () => {});
    await theirs.start();
    await theirs.createQueue('run');
    const done = new EventEmitter();
    await queue.work(handlersFor(async (id) => void done.emit('run', id)));
    const id = v7();
    const called = once(done, 'run');
    await send([id]);
    expect(await called).toEqual([id]);
    expect(await theirs.fetch('run')).toEqual([]);
    await theirs.stop({ graceful: false });
  });

  it('starts a job by the sender’s clock, however far that is from the database’s', async () => {
    const behind = createPgBossQueue({
      store: database.store,
      log: silentLog,
      clock: { now: () => Date.now() - 60_000 },
    });
    const id = v7();
    const startAt = Date.now() - 60_000 + 30_000;
    await database.db.transaction().execute((trx) => behind.send(trx, [{ queue: 'run', runId: id }], { startAt }));
    const { rows } = await sql<{
      early: boolean;
    }>`select start_after < now() + interval '20 seconds' as early from connector_jobs.job`.execute(database.db);
    await behind.stop();
    expect(rows).toEqual([{ early: false }]);
  });

  it('keeps a job that is due in a year', async () => {
    await send([v7()], Date.now() + 365 * 24 * 3600 * 1000);
    const { rows } = await sql<{
      kept: boolean;
    }>`select keep_until > start_after + interval '1 year' as kept from connector_jobs.job`.execute(database.db);
    expect(rows).toEqual([{ kept: true }]);
  });

  it('does not let a worker take a waiting job before what a second sender wrote is committed', async () => {
    const id = v7();
    await send([id]);
    const done = new EventEmitter();
    const seen: unknown[] = [];
    await database.db.transaction().execute(async (trx) => {
      await trx.insertInto('connector.tenants').values({ id, name: 'written' }).execute();
      await queue.send(trx, [{ queue: 'run', runId: id }]);
      await queue.work(
        handlersFor(async (run) => {
          seen.push(await database.db.selectFrom('connector.tenants').select('name').where('id', '=', run).execute());
          done.emit('run');
        }),
      );
    });
    if (seen.length === 0) await once(done, 'run');
    expect(seen).toEqual([[{ name: 'written' }]]);
  });

  it('tries a job again that failed', async () => {
    const done = new EventEmitter();
    let tries = 0;
    await queue.work(
      handlersFor(async () => {
        tries += 1;
        if (tries === 1) throw new Error('first try');
        done.emit('run');
      }),
    );
    const called = once(done, 'run');
    await send([v7()]);
    await called;
    expect(tries).toBe(2);
  });

  it('never works on the same id twice at once', async () => {
    const [id, done] = [v7(), new EventEmitter()];
    let [running, most, calls] = [0, 0, 0];
    await queue.work(
      handlersFor(async () => {
        calls += 1;
        running += 1;
        most = Math.max(most, running);
        if (calls === 1) await send([id]);
        await database.db.selectFrom('connector.tenants').select(sql`pg_sleep(0.2)`.as('slept')).execute();
        running -= 1;
        if (calls === 2) done.emit('second');
      }),
    );
    const second = once(done, 'second');
    await send([id]);
    await second;
    expect(most).toBe(1);
  });

  it('gives the job of a worker that was killed to another', async () => {
    const id = v7();
    await send([id]);
    const [worker] = await startWorker();
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    const done = new EventEmitter();
    const called = once(done, 'run');
    await queue.work(handlersFor(async (run) => void done.emit('run', run)));
    expect(await called).toEqual([id]);
  });

  it('takes over at once when the dead worker was the only one there could be', async () => {
    const id = v7();
    await send([id]);
    const [worker] = await startWorker();
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    const sole = createPgBossQueue({ store: { ...database.store, soleOwner: true }, log: silentLog });
    try {
      const done = new EventEmitter();
      const called = once(done, 'run');
      await sole.work(handlersFor(async (run) => void done.emit('run', run)));
      expect(await called).toEqual([id]);
    } finally {
      await sole.stop();
    }
  });
});

/** Another process that takes a job and never finishes it. */
async function startWorker(): Promise<[ChildProcess, unknown]> {
  const script = fileURLToPath(new URL('./stuck-worker.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@org/source', script], {
    env: { DATABASE: database.store.url.reveal() },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  const [message] = await once(child, 'message');
  return [child, message];
}
