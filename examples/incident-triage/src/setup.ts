import { randomBytes } from 'node:crypto';
import { type AdminClient, AdminRefusal } from './admin-client.ts';
import type { Emulators } from './emulators.ts';
import type { Report } from './report.ts';
import type { SupplyChain } from './supply-chain.ts';
import type { Timeline } from './timeline.ts';

export interface Tenant {
  readonly tenantId: string;
  readonly workspaceId: string;
  /** ServiceNow's business rule posts here. */
  readonly servicenowHook: string;
  /** The business rule signs with it. */
  readonly servicenowSecret: string;
  /** Slack posts clicks here. */
  readonly slackHook: string;
  /** Everything that must never be seen outside the vault. */
  readonly secrets: readonly string[];
}

interface Added {
  readonly id: string;
  readonly version: string;
  readonly digest: string;
  readonly keyIds: readonly string[];
}

/** Adds the signed artifacts, and shows that the others are refused. */
export async function addArtifacts(admin: AdminClient, { signed, bad }: SupplyChain, timeline: Timeline) {
  const artifacts: Report['artifacts'] = [];
  const refused: Report['refused'] = [];
  for (const path of Object.values(signed)) {
    const { id, version, digest, keyIds } = await admin.post<Added>('/artifacts', { path });
    artifacts.push({ id, version, digest, keyId: keyIds[0] ?? '' });
    timeline.tell(`${id} ${version} verified`, `${digest.slice(0, 19)}… signed by ${keyIds[0]?.slice(0, 12)}…`);
  }
  for (const { case: which, path } of bad) {
    const code = await admin.post('/artifacts', { path }).then(
      () => 'ACCEPTED',
      (error: unknown) => (error instanceof AdminRefusal ? error.code : Promise.reject(error)),
    );
    refused.push({ case: which, code });
    timeline.tell(`refused: ${which}`, code);
  }
  return { artifacts, refused };
}

/** A tenant as its administrator would set it up: enable, connect, test, make endpoints, say whom to ask. */
export async function setUpTenant(
  admin: AdminClient,
  artifacts: Report['artifacts'],
  { child: { ready } }: Emulators,
  timeline: Timeline,
): Promise<Tenant> {
  const { id: tenantId, workspaceId } = await admin.post<{ id: string; workspaceId: string }>('/tenants', {
    // One tenant per telling: a database of your own may have seen others.
    name: `acme-${randomBytes(4).toString('hex')}`,
  });
  const tenant = `/tenants/${tenantId}`;
  for (const { digest } of artifacts) await admin.post(`${tenant}/enablements`, { digest });

  const connect = async (connector: string, body: object): Promise<string> => {
    const connection = await admin.post<{ id: string }>(`${tenant}/connections`, {
      workspaceId,
      name: connector,
      connector,
      ...body,
    });
    const { account } = await admin.post<{ account: string }>(`${tenant}/connections/${connection.id}/test`, {});
    timeline.tell(`connected to ${connector}`, account);
    return connection.id;
  };
  const { servicenow, slack, github } = ready;
  const privateKey = github.app.privateKeyPem;
  const servicenowConnection = await connect('servicenow', {
    config: { instanceUrl: servicenow.url },
    auth: 'oauth2',
    secrets: {
      clientId: servicenow.oauth.clientId,
      clientSecret: servicenow.oauth.clientSecret,
      ...(servicenow.oauth.refreshToken ? { refreshToken: servicenow.oauth.refreshToken } : {}),
    },
  });
  const slackConnection = await connect('slack', {
    config: { apiUrl: slack.apiUrl, teamId: slack.team.id },
    auth: 'oauth2',
    secrets: { accessToken: slack.botToken },
  });
  await connect('github', {
    config: { apiUrl: github.url, appId: github.app.appId, installationId: github.app.installationId },
    auth: 'app',
    secrets: { privateKey },
  });

  const endpoint = (connectionId: string, purpose: object, secret?: string) =>
    admin.post<{ url: string; secret: string }>(`${tenant}/endpoints`, {
      connectionId,
      purpose,
      ...(secret === undefined ? {} : { secret }),
    });
  const hook = await endpoint(servicenowConnection, { kind: 'trigger', name: 'incident-changed' });
  const clicks = await endpoint(slackConnection, { kind: 'approval', name: 'approval' }, slack.signingSecret);
  const channel = slack.channels.incidents;
  const approver = `slack:${slack.team.id}/${slack.users.dana}`;
  await admin.put(`${tenant}/workspaces/${workspaceId}/approval-rule`, {
    connectionId: slackConnection,
    channel: 'approval',
    target: { channel },
    approvers: [approver],
    expiresInSeconds: 3600,
  });
  timeline.tell('approvals are asked for in #incidents', `of ${approver}`);

  const { clientSecret, refreshToken = '' } = servicenow.oauth;
  return {
    tenantId,
    workspaceId,
    servicenowHook: hook.url,
    servicenowSecret: hook.secret,
    slackHook: clicks.url,
    secrets: [clientSecret, refreshToken, slack.botToken, slack.signingSecret, privateKey, hook.secret].filter(Boolean),
  };
}
