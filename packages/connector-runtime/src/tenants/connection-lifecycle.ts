import { isConnectorError } from '@org/connector-sdk';
import { sql, type Transaction } from 'kysely';
import type { ConnectionTest, Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { unknownConnection } from './connection-views.ts';
import type { TenantPorts } from './ports.ts';

interface NamedConnection {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly by: string;
}

export interface ConnectionLifecycle {
  /** Nothing uses it any more: at once on this node, within 5 s on the others. Its credential is kept, and not renewed. */
  disableConnection(request: NamedConnection): Promise<void>;
  /** It becomes again what it was. Throws `CREDENTIAL_MISSING` when that was nothing. */
  enableConnection(request: NamedConnection): Promise<void>;
  /**
   * Ends the grant at the provider if that takes it back, destroys the credential, disables its endpoints. Its name is free
   * then. Throws `CONNECTION_IN_USE` while runs, approvals or rules need it, unless forced.
   */
  deleteConnection(request: NamedConnection & { readonly force: boolean }): Promise<void>;
  /** Asks the connector, and keeps the answer. Throws what the connector throws. */
  testConnection(request: NamedConnection): Promise<{ readonly account: string }>;
  /** After a person agreed: a grant of another account than the config names is not used. */
  confirmAccount(tenantId: string, connectionId: string): Promise<void>;
}

export function createConnectionLifecycle(ports: TenantPorts): ConnectionLifecycle {
  const { store, audit, credentials, clock } = ports;

  async function record(
    trx: Transaction<Database>,
    { tenantId, connectionId, by }: NamedConnection,
    kind: string,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const entry = { tenantId, kind, actor: by, subject: `connection:${connectionId}`, details };
    await sql`select ${audit.append(entry)}`.execute(trx);
  }

  /** Throws `CONNECTION_UNKNOWN`. */
  async function lock(trx: Transaction<Database>, { tenantId, connectionId }: NamedConnection) {
    const row = await trx
      .selectFrom('connector.connections')
      .select(['name', 'status', 'enabled_status'])
      .where('tenant_id', '=', tenantId)
      .where('id', '=', connectionId)
      .where('deleted_at', 'is', null)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw unknownConnection(connectionId);
    return row;
  }

  async function disable(request: NamedConnection, details: Readonly<Record<string, unknown>>): Promise<void> {
    const { tenantId, connectionId } = request;
    await store.withTenant(tenantId, async (trx) => {
      if ((await lock(trx, request)).status === 'disabled') return;
      await sql`update connector.connections set status = 'disabled', enabled_status = status
        where id = ${connectionId} and tenant_id = ${tenantId}`.execute(trx);
      await record(trx, request, 'connection.disabled', details);
    });
    credentials.forget({ id: connectionId, tenantId });
  }

  async function remember(
    { tenantId, connectionId }: Omit<NamedConnection, 'by'>,
    test: ConnectionTest,
  ): Promise<void> {
    await sql`update connector.connections set last_test = ${JSON.stringify(test)}
      where id = ${connectionId} and tenant_id = ${tenantId}`.execute(store.db);
  }

  async function test({ tenantId, connectionId }: Omit<NamedConnection, 'by'>): Promise<{ readonly account: string }> {
    const at = new Date(clock.now()).toISOString();
    try {
      const { account } = await ports.test(tenantId, connectionId);
      await remember({ tenantId, connectionId }, { at, account });
      return { account };
    } catch (error) {
      // That it is disabled or has to be authorized says nothing of how it works.
      if (isConnectorError(error) && !error.code.startsWith('CONNECTION_')) {
        await remember({ tenantId, connectionId }, { at, error: { code: error.code, message: error.message } });
      }
      throw error;
    }
  }

  return {
    disableConnection: (request) => disable(request, {}),

    async enableConnection(request) {
      const { tenantId, connectionId } = request;
      await store.withTenant(tenantId, async (trx) => {
        const { status, enabled_status: before } = await lock(trx, request);
        if (status !== 'disabled') return;
        if (before === null) throw nothingToEnable(connectionId);
        await sql`update connector.connections set status = ${before}, enabled_status = null
          where id = ${connectionId} and tenant_id = ${tenantId}`.execute(trx);
        await record(trx, request, 'connection.enabled', { status: before });
      });
      credentials.forget({ id: connectionId, tenantId });
    },

    async deleteConnection(request) {
      const { tenantId, connectionId, force } = request;
      const uses = await store.withTenant(tenantId, async (trx) => {
        await lock(trx, request);
        return readUses(trx, connectionId);
      });
      if (!force && Object.values(uses).some((count) => count > 0)) throw inUse(connectionId, uses);
      // First of all: what begins now must not find it half gone.
      await disable(request, { because: 'it is being deleted' });
      const revocation = await credentials.revoke({ id: connectionId, tenantId });
      await store.withTenant(tenantId, async (trx) => {
        // The credential first, as renewals do: in another order each could wait for the other.
        await sql`delete from connector.credentials
          where connection_id = ${connectionId} and tenant_id = ${tenantId}`.execute(trx);
        const { name } = await lock(trx, request);
        await sql`delete from connector.oauth_sessions where connection_id = ${connectionId}`.execute(trx);
        await sql`update connector.endpoints set disabled = true where connection_id = ${connectionId}`.execute(trx);
        await sql`update connector.connections set deleted_at = ${new Date(clock.now())}, enabled_status = null,
            status_reason = 'deleted', name = ${`${name} (deleted ${connectionId})`}, granted_scopes = null, last_test = null
          where id = ${connectionId}`.execute(trx);
        await record(trx, request, 'connection.deleted', { name, revocation, forced: force, ...uses });
      });
      credentials.forget({ id: connectionId, tenantId });
    },

    async testConnection(request) {
      // Another tenant's is unknown before anything is asked.
      await store.withTenant(request.tenantId, (trx) => lock(trx, request));
      let outcome: Readonly<Record<string, unknown>> = { outcome: 'failed' };
      try {
        const answer = await test(request);
        outcome = { outcome: 'passed', account: answer.account };
        return answer;
      } catch (error) {
        if (isConnectorError(error)) outcome = { outcome: 'failed', code: error.code };
        throw error;
      } finally {
        await store.withTenant(request.tenantId, (trx) => record(trx, request, 'connection.tested', outcome));
      }
    },

    async confirmAccount(tenantId, connectionId) {
      credentials.forget({ id: connectionId, tenantId });
      try {
        await test({ tenantId, connectionId });
      } catch (error) {
        if (!isConnectorError(error) || !error.code.endsWith('_MISMATCH')) return;
        const reason = `wrong_account: ${error.code}`;
        await store.withTenant(tenantId, async (trx) => {
          await sql`update connector.connections set status = 'reauth_required', status_reason = ${reason}
            where id = ${connectionId} and tenant_id = ${tenantId} and status = 'ready'`.execute(trx);
          await record(trx, { tenantId, connectionId, by: 'system' }, 'connection.reauth_required', { reason });
        });
        credentials.forget({ id: connectionId, tenantId });
      }
    },
  };
}

type Uses = Readonly<Record<'runs' | 'approvals' | 'approvalRules', number>>;

/** What would fail without it. */
async function readUses(trx: Transaction<Database>, connectionId: string): Promise<Uses> {
  const { rows } = await sql<Uses>`select
    (select count(*)::int from connector.runs r where r.status in ('queued', 'running', 'waiting', 'diverged', 'cancelling') and (
      exists (select 1 from connector.run_steps s where s.run_id = r.id and s.connection_id = ${connectionId})
      or exists (select 1 from connector.events e where e.id = r.event_id and e.connection_id = ${connectionId}))) as "runs",
    (select count(*)::int from connector.approvals a where a.status = 'requested' and (a.connection_id = ${connectionId}
      or exists (select 1 from connector.approval_escalations e where e.approval_id = a.id and e.connection_id = ${connectionId}))) as "approvals",
    (select count(*)::int from connector.approval_rules where rule ->> 'connectionId' = ${connectionId}) as "approvalRules"
  `.execute(trx);
  return rows[0] ?? { runs: 0, approvals: 0, approvalRules: 0 };
}

function inUse(connectionId: string, uses: Uses): RuntimeError {
  return new RuntimeError(
    'CONNECTION_IN_USE',
    `connection ${connectionId} is needed by ${uses.runs} runs, ${uses.approvals} approvals and ${uses.approvalRules} approval rules; let them end, or force it`,
    { details: uses },
  );
}

function nothingToEnable(connectionId: string): RuntimeError {
  return new RuntimeError(
    'CREDENTIAL_MISSING',
    `connection ${connectionId} has no credential to work with; give it one, or create it again with the same name`,
    { details: { connectionId } },
  );
}
