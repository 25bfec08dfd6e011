import { setTimeout as pause } from 'node:timers/promises';
import { type SlackEmulator, startSlackEmulator } from '@org/connector-testing';
import { sql } from 'kysely';
import { type AdminClient, createAdminClient } from '../../../examples/incident-triage/src/admin-client.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { type ClusterTenant, createClusterTenant } from '../cluster/tenant.ts';
import { createWebhookSender } from '../cluster/webhook-sender.ts';
import type { LeftOut } from '../leave-out.ts';

/** A question as it stands in Slack. */
export interface Asked {
  readonly ticket: string;
  readonly approvalId: string;
  readonly ts: string;
}

export type Rule = Readonly<Record<string, unknown>>;

/** Nodes whose every write needs people, and a Slack workspace with the people. */
export interface Scene {
  readonly cluster: Cluster;
  readonly slack: SlackEmulator;
  readonly tenant: ClusterTenant;
  /** Another tenant, whose Slack app signs with the same secret. */
  readonly other: ClusterTenant;
  readonly admin: AdminClient;
  /** `slack:<team>/<user>` by user name. */
  actorOf(name: string): string;
  /** Where clicks of a tenant's app go, by the nodes that serve now. */
  hooksOf(tenant: ClusterTenant): readonly string[];
  setRule(rule: Rule): Promise<void>;
  /** Lets a run ask, and waits until the question stands in Slack. */
  ask(ticket: string): Promise<Asked>;
  /** Resolves when every click that was taken has been worked on. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export const PEOPLE = ['dana', 'anna', 'ben', 'cleo', 'eve'] as const;
const POLICY = '@id("tickets") permit (principal, action, resource) when { context.approved };';
/** Nodes read policy texts anew after two seconds. */
const POLICY_MS = 2_500;
const PATIENCE_MS = 60_000;

export async function startScene({
  nodes,
  broken = [],
  onDisk = false,
}: {
  readonly nodes: number;
  readonly broken?: readonly LeftOut[];
  readonly onDisk?: boolean;
}): Promise<Scene> {
  const users = [...PEOPLE, 'guest'].map((name) => ({ name }));
  const slack = await startSlackEmulator({ users });
  const cluster = await startCluster({ nodes, broken, onDisk, slack: true });
  const sender = createWebhookSender();
  const close = async () => {
    sender.close();
    await cluster.stop();
    await slack.close();
  };
  try {
    const [first] = await cluster.untilServing(1);
    if (first === undefined) throw new Error('no node serves');
    const adminOf = () => createAdminClient(cluster.serving()[0]?.node.url ?? first.node.url, cluster.adminToken);
    const tokens = new Map<string, string>();
    const connections = new Map<string, string>();
    const furnish = async (name: string) => {
      const tenant = await createClusterTenant(cluster, name);
      const { connectionId, token } = await connectSlack(adminOf(), tenant, slack);
      tokens.set(tenant.id, token);
      connections.set(tenant.id, connectionId);
      return tenant;
    };
    const tenant = await furnish('acme');
    const other = await furnish('other');
    await pause(POLICY_MS);
    const db = () => cluster.database.db();
    let asked = 0;
    return {
      cluster,
      slack,
      tenant,
      other,
      get admin() {
        return adminOf();
      },
      actorOf: (name) => `slack:${slack.team.id}/${slack.users[name]}`,
      hooksOf: ({ id }) => cluster.serving().map(({ node }) => `${node.url}/hooks/${tokens.get(id)}`),
      async setRule(rule) {
        await adminOf().put(`/tenants/${tenant.id}/workspaces/${tenant.workspaceId}/approval-rule`, {
          connectionId: connections.get(tenant.id),
          channel: 'approval',
          target: { channel: slack.channels.incidents },
          expiresInSeconds: 3_600,
          ...rule,
        });
      },
      async ask(ticket) {
        const serving = await cluster.untilServing(1);
        const { node } = serving[asked++ % serving.length] ?? first;
        const sent = await sender.send(node.url, { hook: tenant.hooks.asked, id: ticket, ticket });
        if (sent.kind !== 'answered' || sent.status !== 200) throw new Error(`${ticket} was not accepted`);
        const find = async () => {
          const { rows } = await sql<{ id: string; ref: { ts: string } | null }>`
            select a.id, a.ref from connector.approvals a join connector.runs r on r.id = a.run_id
            join connector.events e on e.id = r.event_id where e.data ->> 'ticket' = ${ticket}`.execute(db());
          const [row] = rows;
          return row?.ref ? { ticket, approvalId: row.id, ts: row.ref.ts } : undefined;
        };
        return until(find, `${ticket} was not asked about`);
      },
      async settled() {
        await until(async () => {
          const { rows } = await sql<{ open: number }>`
            select (select count(*) from connector.deliveries where status = 'pending')::int
              + (select count(*) from connector.runs r where r.status in ('queued', 'running')
                  or (r.status = 'waiting' and exists (select from connector.approvals a
                    where a.run_id = r.id and a.status <> 'requested')))::int as open`.execute(db());
          return rows[0]?.open === 0 ? true : undefined;
        }, 'what was clicked was not worked off');
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function connectSlack(admin: AdminClient, { id, workspaceId }: ClusterTenant, slack: SlackEmulator) {
  const at = `/tenants/${id}`;
  await admin.put(`${at}/policy`, { text: POLICY });
  const connection = await admin.post<{ id: string }>(`${at}/connections`, {
    workspaceId,
    name: 'slack',
    connector: 'slack',
    config: { apiUrl: slack.apiUrl, teamId: slack.team.id },
    auth: 'oauth2',
    secrets: { accessToken: slack.botToken },
  });
  // Slack's own limits are not what is tried here.
  await admin.put(`${at}/connections/${connection.id}/rate-limit`, { requestsPerMinute: 100_000, concurrency: 20 });
  const { token } = await admin.post<{ token: string }>(`${at}/endpoints`, {
    connectionId: connection.id,
    purpose: { kind: 'approval', name: 'approval' },
    secret: slack.signingSecret,
  });
  return { connectionId: connection.id, token };
}

/** What `find` finds in the end. */
export async function until<T>(find: () => Promise<T | undefined>, failure: string): Promise<T> {
  for (const end = Date.now() + PATIENCE_MS; ; await pause(50)) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(failure);
  }
}
