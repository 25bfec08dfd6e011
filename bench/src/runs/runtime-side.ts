import { sql } from 'kysely';
import type { Cluster } from '../../../faults/src/cluster/cluster.ts';
import { createClusterTenant } from '../../../faults/src/cluster/tenant.ts';
import type { Side } from './side.ts';
import type { UsageReader } from './usage.ts';

/** The nodes of a cluster; the first serves already. */
export async function createRuntimeSide(cluster: Cluster, usages: UsageReader): Promise<Side> {
  const tenant = await createClusterTenant(cluster, 'acme');
  const pids = () => cluster.serving().map(({ node }) => node.pid);
  return {
    name: 'runtime',
    account: tenant.account,
    hook: tenant.hooks.asked,
    urls: () => cluster.serving().map(({ node }) => node.url),
    grow: () => cluster.replace(cluster.serving().length),
    async usage() {
      const each = await Promise.all(pids().map((pid) => usages.read(pid)));
      return {
        cpuMs: each.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
        statements: each.reduce((sum, { statements }) => sum + statements, 0),
      };
    },
    async isIdle() {
      const { rows } = await sql<{ open: boolean }>`
        select exists (select from connector.runs where status in ('queued', 'running', 'waiting', 'cancelling')) as open`.execute(
        cluster.database.db(),
      );
      return rows[0]?.open === false;
    },
    stop: async () => undefined,
  };
}
