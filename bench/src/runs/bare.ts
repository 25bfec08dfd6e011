import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Cluster } from '../../../faults/src/cluster/cluster.ts';
import { type Child, startChild } from '../child.ts';
import type { Side } from './side.ts';

export const BARE_SCHEMA = 'bare_jobs';
export const BARE_QUEUE = 'ticket';

/** What a process of the bare handler is told. */
export interface BareStart {
  readonly databaseUrl: string;
  readonly secret: string;
  readonly saasUrl: string;
  readonly account: string;
}

/** The bare handler on the same Postgres as a cluster, in as many processes, before the same SaaS. */
export async function createBareSide(cluster: Cluster): Promise<Side> {
  const databaseUrl = cluster.database.url;
  await prepare(databaseUrl);
  const account = 'bare';
  const secret = randomBytes(32).toString('base64url');
  const start: BareStart = { databaseUrl, secret, saasUrl: cluster.saas.url, account };
  const nodes: { readonly child: Child; readonly url: string }[] = [];
  return {
    name: 'bare',
    account,
    hook: { token: 'ticket', secret, trigger: 'asked' },
    urls: () => nodes.map(({ url }) => url),
    async grow() {
      const child = startChild(new URL('./bare-node.ts', import.meta.url));
      const { port } = await child.ask<{ port: number }>(start);
      nodes.push({ child, url: `http://127.0.0.1:${port}` });
    },
    async usage() {
      const each = await Promise.all(
        nodes.map(({ child }) => child.ask<{ cpuMs: number; statements: number }>('usage')),
      );
      return {
        cpuMs: each.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
        statements: each.reduce((sum, { statements }) => sum + statements, 0),
      };
    },
    async isIdle() {
      const { rows } = await sql<{ open: boolean }>`
        select exists (select from bare.runs where ended_at is null) as open`.execute(cluster.database.db());
      return rows[0]?.open === false;
    },
    stop: async () => void (await Promise.all(nodes.map(({ child }) => child.stop()))),
  };
}

async function prepare(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    create schema bare;
    create table bare.runs (id uuid primary key, ticket text not null, begun_at timestamptz not null,
      intended_at timestamptz, ended_at timestamptz, output json);
    create index runs_open on bare.runs (id) where ended_at is null;
    grant usage on schema bare to connector_app;
    grant select on bare.runs to connector_app`);
  await client.end();
  const boss = new PgBoss({ connectionString: databaseUrl, schema: BARE_SCHEMA, schedule: false, supervise: false });
  await boss.start();
  await boss.createQueue(BARE_QUEUE, { notify: true, retryLimit: 3 });
  await boss.stop();
}
