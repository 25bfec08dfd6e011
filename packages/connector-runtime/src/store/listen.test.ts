import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

it('hears what is notified once it is committed, and says when it may have missed something', async () => {
  const heard: string[] = [];
  let gaps = 0;
  const stop = await database.store.listen('test channel', {
    onMessage: (text) => void heard.push(text),
    onGap: () => {
      gaps += 1;
    },
  });
  const notify = (text: string) => sql`select pg_notify('test channel', ${text})`.execute(database.db);
  await notify('one');
  await expect.poll(() => heard).toEqual(['one']);
  await database.asOwner(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'connector-runtime listener'`,
  );
  await expect.poll(() => gaps, { timeout: 10_000 }).toBe(1);
  await notify('two');
  await expect.poll(() => heard).toEqual(['one', 'two']);
  await stop();
  await notify('three');
  expect(heard).toEqual(['one', 'two']);
});
