import { createAdminClient } from '../../../examples/incident-triage/src/admin-client.ts';
import type { Cluster } from './cluster.ts';
import type { Hook } from './webhook-sender.ts';

/** A tenant of the cluster, with what its vendor was told. */
export interface ClusterTenant {
  readonly id: string;
  readonly workspaceId: string;
  /** Its account at the SaaS. */
  readonly account: string;
  readonly connectionId: string;
  readonly hooks: Readonly<Record<Hook['trigger'], Hook>>;
}

/** As an administrator makes one, over the API of any node. */
export async function createClusterTenant(
  cluster: Cluster,
  account: string,
  saas: { readonly url: string } = cluster.saas,
): Promise<ClusterTenant> {
  const [first] = cluster.serving();
  if (first === undefined) throw new Error('no node serves');
  const admin = createAdminClient(first.node.url, cluster.adminToken);
  const { id, workspaceId } = await admin.post<{ id: string; workspaceId: string }>('/tenants', { name: account });
  const at = `/tenants/${id}`;
  const { artifacts } = await admin.get<{ artifacts: { id: string; digest: string }[] }>('/artifacts');
  for (const { digest } of artifacts) await admin.post(`${at}/enablements`, { digest });
  await admin.put(`${at}/policy`, { text: '@id("tickets") permit (principal, action, resource);' });
  const connection = await admin.post<{ id: string }>(`${at}/connections`, {
    workspaceId,
    name: 'tickets',
    connector: 'tickets',
    config: { url: saas.url },
    auth: 'key',
    secrets: { key: account },
  });
  const hook = async (trigger: Hook['trigger']): Promise<Hook> => {
    const purpose = { kind: 'trigger', name: trigger };
    const { token, secret } = await admin.post<{ token: string; secret: string }>(`${at}/endpoints`, {
      connectionId: connection.id,
      purpose,
    });
    return { token, secret, trigger };
  };
  return {
    id,
    workspaceId,
    account,
    connectionId: connection.id,
    hooks: { changed: await hook('changed'), noticed: await hook('noticed'), asked: await hook('asked') },
  };
}
