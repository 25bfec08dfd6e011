import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '@org/connector-runtime/stages';
import { asOwner } from '../as-owner.ts';
import type { Deployment } from './deployment.ts';

const ROLES = ['viewer', 'operator', 'admin', 'security-admin'] as const;
const BY = 'admin:fault';
const WAIT_MS = 20_000;

/** A tenant that has one of everything, each with its canary in it. */
export interface Furnished {
  /** In every text of this tenant that can hold one, and nowhere else. */
  readonly canary: string;
  /** By the name that a path, a query or a body gives the id. */
  readonly ids: Readonly<Record<string, string>>;
  /** One token a role, and one with all of them. */
  readonly tokens: readonly string[];
  /** Sends a delivery, signed as this tenant's sender does. */
  deliver(body: string): Promise<Response>;
}

export async function furnish(deployment: Deployment, name: string): Promise<Furnished> {
  const { runtime, digest, saasUrl } = deployment;
  const { tenants, references, apiTokens } = runtime.admin;
  const canary = `canary${name}${randomBytes(8).toString('hex')}`;
  const { id: tenantId, workspaceId } = await tenants.createTenant({ name: `tenant ${canary}`, by: BY });
  await tenants.createWorkspace({ tenantId, name: `workspace ${canary}`, by: BY });
  await tenants.enable(tenantId, digest, BY);
  await tenants.setVersionFloor(tenantId, { connector: 'probe', version: '1.0.0', reason: canary, by: BY });
  const { id: connectionId } = await tenants.createConnection({
    tenantId,
    workspaceId,
    name: `connection ${canary}`,
    connector: 'probe',
    config: { url: saasUrl, greeting: canary },
    auth: 'key',
    secrets: { key: `secret-${canary}` },
    by: BY,
  });
  const secret = `hook-${canary}`;
  const purpose = { kind: 'trigger', name: 'happened' } as const;
  const endpoint = await tenants.createEndpoint({ tenantId, connectionId, purpose, by: BY });
  const { endpointId } = endpoint;
  const rotation = { tenantId, endpointId, secret: new Secret(secret), overlapSeconds: 3_600, by: BY };
  const { secretId: current } = await tenants.rotateSecret(rotation);
  // The earlier one: what is current can't be removed.
  const secretId = await earlierSecret(deployment, endpointId, current);
  const text = `// ${canary}\n@id("${canary}") forbid (principal, action == Action::"probe.write", resource);`;
  await tenants.setPolicy({ tenantId, text, by: BY });
  await tenants.setPolicy({ tenantId, workspaceId, text, by: BY });
  await references.set({ tenantId, policy: { file: [`/run/secrets/${canary}/`] }, by: BY });
  const tokenOf = async (called: string, roles: readonly (typeof ROLES)[number][]) => {
    const request = { tenantId, name: `${called}-${canary}`, roles, expiresInSeconds: 86_400, by: BY };
    return apiTokens.create(request);
  };
  const tokens = await Promise.all([...ROLES.map((role) => tokenOf(role, [role])), tokenOf('all', ROLES)]);
  const { id: tokenId } = await tokenOf('doomed', ['viewer']);

  const deliver = async (body: string) => {
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return runtime.fetch(
      new Request(`http://127.0.0.1:1/hooks/${endpoint.token.reveal()}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
        body,
      }),
    );
  };
  await deliver(JSON.stringify({ events: [{ id: `event ${canary}` }] }));
  const ids = { tenantId, workspaceId, connectionId, endpointId, secretId, tokenId };
  const run = await settled(deployment, tenantId);
  const approvalId = await insertRest(deployment, { ...ids, ...run }, canary);
  const revealed = tokens.map(({ token }) => token.reveal());
  return { canary, ids: { ...ids, ...run, approvalId }, tokens: revealed, deliver };
}

async function earlierSecret({ store }: Deployment, endpointId: string, current: string): Promise<string> {
  const { id } = await store.db
    .selectFrom('connector.endpoint_secrets')
    .select('id')
    .where('endpoint_id', '=', endpointId)
    .where('id', '!=', current)
    .executeTakeFirstOrThrow();
  return id;
}

/** The run of the delivery, once nothing works on it any more. */
async function settled({ store }: Deployment, tenantId: string) {
  for (const until = Date.now() + WAIT_MS; ; await pause(50)) {
    const run = await store.db
      .selectFrom('connector.runs as r')
      .innerJoin('connector.events as e', 'e.id', 'r.event_id')
      .innerJoin('connector.deliveries as d', 'd.id', 'e.delivery_id')
      .select(['r.id as runId', 'e.id as eventId', 'd.id as deliveryId'])
      .where('r.tenant_id', '=', tenantId)
      .where('r.finished_at', 'is not', null)
      .where('d.status', '=', 'done')
      .executeTakeFirst();
    if (run !== undefined) return run;
    if (Date.now() > until) throw new Error('the delivery did not become a run');
  }
}

/** What only a run in the midst of its work has. */
async function insertRest({ store: { db } }: Deployment, ids: Record<string, string>, canary: string): Promise<string> {
  const { tenantId = '', workspaceId = '', connectionId = '', runId = '' } = ids;
  const approvalId = randomUUID();
  await db
    .insertInto('connector.approvals')
    .values({
      id: approvalId,
      tenant_id: tenantId,
      workspace_id: workspaceId,
      run_id: runId,
      step_key: `step ${canary}`,
      digests: [canary],
      request: JSON.stringify({ title: canary, reason: canary }),
      connection_id: connectionId,
      connector: 'probe',
      channel: canary,
      target: JSON.stringify({ room: canary }),
      approvers: [canary],
      expires_at: new Date(Date.now() + 86_400_000),
    })
    .execute();
  const [now, later] = [new Date(), new Date(Date.now() + 86_400_000)];
  const place = {
    connection_id: connectionId,
    connector: 'probe',
    channel: canary,
    target: JSON.stringify({ room: canary }),
  };
  const rule = {
    connectionId,
    connector: 'probe',
    channel: canary,
    target: { room: canary },
    approvers: [canary],
    expiresInSeconds: 60,
  };
  await db
    .insertInto('connector.approval_rules')
    .values({ tenant_id: tenantId, workspace_id: workspaceId, name: canary, rule: JSON.stringify(rule) })
    .execute();
  await db
    .insertInto('connector.approval_escalations')
    .values({ approval_id: approvalId, tenant_id: tenantId, rule: canary, needed: 1, ...place, escalated_at: now })
    .execute();
  await db
    .insertInto('connector.approval_decisions')
    .values({
      approval_id: approvalId,
      person: canary,
      tenant_id: tenantId,
      actor: canary,
      decision: 'approved',
      via: 'admin',
      rules: [canary],
      decided_at: now,
    })
    .execute();
  const limited = { connection_id: connectionId, tenant_id: tenantId };
  const block = JSON.stringify({ status: 429, rule: canary });
  await db
    .insertInto('connector.rate_budgets')
    .values({ ...limited, block })
    .execute();
  await db
    .insertInto('connector.rate_leases')
    .values({ ...limited, node_id: randomUUID(), wanted_slots: 1, slots: 1, held_since: now, expires_at: later })
    .execute();
  await db
    .insertInto('connector.run_steps')
    .values({
      run_id: runId,
      key: 'canary',
      tenant_id: tenantId,
      kind: 'action',
      action: 'probe.write',
      connection_id: connectionId,
      digest: canary,
      input: JSON.stringify(canary),
      status: 'unknown',
      error: JSON.stringify({ code: 'ACTION_OUTCOME_UNKNOWN', message: canary }),
      idempotency_key: canary,
    })
    .execute();
  await db
    .insertInto('connector.event_waits')
    .values({
      run_id: runId,
      step_key: `wait ${canary}`,
      tenant_id: tenantId,
      workspace_id: workspaceId,
      trigger: 'probe.happened',
      match: JSON.stringify({ room: canary }),
      created_at: now,
    })
    .execute();
  await db
    .insertInto('connector.poll_cursors')
    .values({
      connection_id: connectionId,
      trigger: 'probe.found',
      tenant_id: tenantId,
      cursor: canary,
      error: JSON.stringify({ code: 'POLL_NOT_STORED', message: canary }),
      next_due_at: new Date(Date.now() + 86_400_000),
      created_at: new Date(),
    })
    .execute();
  await db
    .insertInto('connector.audit_signed_heads')
    .values({ tenant_id: tenantId, seq: '1', previous: '', envelope: canary })
    .execute();
  await db
    .insertInto('connector.oauth_sessions')
    .values({
      id: randomUUID(),
      tenant_id: tenantId,
      connection_id: connectionId,
      state_hash: randomBytes(32),
      registration_hash: randomBytes(32),
      redirect_uri: canary,
      sealed_verifier: randomBytes(32),
      started_by: canary,
      started_at: new Date(),
      expires_at: new Date(Date.now() + 86_400_000),
    })
    .execute();
  return approvalId;
}

/** No key signed it: nobody can verify the chain from now on. The runtime's own role can't store one at all. */
export async function furnishSeal({ store }: Deployment, { ids, canary }: Furnished): Promise<void> {
  await asOwner(
    store.url.reveal(),
    `insert into connector.audit_segments (tenant_id, first_seq, last_seq, previous, envelope) values ($1, 1, 1, '', $2)`,
    [ids.tenantId, canary],
  );
}
