import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from '../types/database.ts';
import { silentLog } from '../types/log.ts';
import { Secret } from '../types/secret.ts';
import { createPgBossQueue } from './pg-boss-queue.ts';

const url = process.env.DATABASE ?? '';
const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
const forever = (id: string) =>
  new Promise<void>(() => {
    process.send?.(id);
  });
await createPgBossQueue({ store: { db, url: new Secret(url), soleOwner: false }, log: silentLog }).work({
  run: forever,
  'approval-request': forever,
  'approval-update': forever,
  'approval-expiry': forever,
  'approval-follow-up': forever,
});
