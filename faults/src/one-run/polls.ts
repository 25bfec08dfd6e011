import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { AdminRefusal, createAdminClient } from '../../../examples/incident-triage/src/admin-client.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterTenant } from '../cluster/tenant.ts';

/** What the polls of a tenant found, all together. */
export interface Found {
  polls: number;
  /** Events that no webhook had told of yet; the nodes' own polls find some as well. */
  first: number;
  /** Events that were known. */
  duplicate: number;
  /** Polls of one node that another kept from beginning. */
  underWay: number;
}

interface PollReport {
  readonly duplicate: number;
  readonly complete: boolean;
  readonly error: { readonly code: string } | null;
}

const AGAIN_MS = 50;
const TRIES = 200;

/** Polls a tenant on every node, one node's polls after the other, until it is ended: then once more, to the end of the list. */
export function pollAllTheTime(cluster: Cluster, { id, connectionId }: ClusterTenant) {
  const found: Found = { polls: 0, first: 0, duplicate: 0, underWay: 0 };
  const path = `/tenants/${id}/connections/${connectionId}/triggers/tickets.changed/reconcile`;
  let isEnded = false;

  /** Undefined where another poll is under way. */
  async function poll(url: string): Promise<PollReport | undefined> {
    try {
      const report = await createAdminClient(url, cluster.adminToken).post<PollReport>(path, {});
      if (report.error) throw new Error(`a poll failed: ${report.error.code}`);
      found.polls += 1;
      found.duplicate += report.duplicate;
      return report;
    } catch (error) {
      if (!(error instanceof AdminRefusal) || error.code !== 'POLL_UNDER_WAY') throw error;
      found.underWay += 1;
      return undefined;
    }
  }

  async function pollOn(url: string): Promise<void> {
    while (!isEnded) {
      await poll(url);
      await pause(AGAIN_MS);
    }
  }

  const polling = Promise.all(cluster.serving().map(({ node }) => pollOn(node.url)));
  // A poll that fails is told by `end`.
  polling.catch(() => undefined);
  return {
    async end(): Promise<Found> {
      isEnded = true;
      await polling;
      const [last] = cluster.serving();
      for (let tries = 0; last && tries < TRIES; tries += 1) {
        if ((await poll(last.node.url))?.complete) return { ...found, first: await countFirst(cluster, id) };
        await pause(AGAIN_MS);
      }
      throw new Error('polling did not come to its end');
    },
  };
}

async function countFirst({ database }: Cluster, tenantId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from connector.events where tenant_id = ${tenantId} and delivery_id is null`.execute(
    database.db(),
  );
  return rows[0]?.count ?? 0;
}
