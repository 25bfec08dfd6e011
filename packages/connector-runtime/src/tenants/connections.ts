import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { RuntimeError } from '../types/errors.ts';
import type { SecretValue } from '../types/secret-reference.ts';
import { CONNECTION_COLUMNS, type Connection, toConnection, UNFINISHED } from './connection.ts';
import { unknownConnection } from './connection-views.ts';
import type { Enablements } from './enablements.ts';
import { requireFit } from './json-fits.ts';
import type { TenantPorts } from './ports.ts';

export interface NewConnection {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly name: string;
  readonly connector: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly auth: string;
  readonly secrets: Readonly<Record<string, SecretValue>>;
  readonly by: string;
}

export interface ReplaceCredential {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly secrets: Readonly<Record<string, SecretValue>>;
  readonly by: string;
}

export interface Connections {
  /**
   * Throws `CONNECTOR_NOT_ENABLED`, `CONNECTION_CONFIG_INVALID`, `WORKSPACE_UNKNOWN`, `NAME_TAKEN`, `CREDENTIAL_INVALID`. One
   * that a person has to agree to is `reauth_required` until then.
   * A call that failed half-way is finished by calling it again.
   */
  createConnection(request: NewConnection): Promise<Connection>;
  /** Throws `CONNECTION_UNKNOWN`, also for another tenant's. */
  connection(tenantId: string, connectionId: string): Promise<Connection>;
  /** The one that a workflow means. Throws `CONNECTION_UNKNOWN` | `CONNECTION_AMBIGUOUS`. */
  connectionFor(tenantId: string, workspaceId: string, connector: string, name?: string): Promise<Connection>;
  /**
   * Gives an existing connection another credential of its kind of auth; a grant that a person gave to the same client stays.
   * Throws `CONNECTION_UNKNOWN` | `CREDENTIAL_INVALID`.
   */
  replaceCredential(request: ReplaceCredential): Promise<Connection>;
}

export function createConnections(ports: TenantPorts, enablements: Enablements): Connections {
  const { store, audit, credentials, clock } = ports;

  async function reserve(request: NewConnection): Promise<string> {
    const { tenantId, workspaceId, name, connector, auth } = request;
    const config = JSON.stringify(request.config);
    const { rows } = await store.withTenant(tenantId, (trx) =>
      sql<{ known: boolean; id: string | null }>`
        with workspace as (select id from connector.workspaces where id = ${workspaceId} and tenant_id = ${tenantId}),
        made as (
          insert into connector.connections as c
            (id, tenant_id, workspace_id, name, connector, config, auth, status, status_reason)
          select ${uuidv7({ msecs: clock.now() })}::uuid, ${tenantId}::uuid, id, ${name}::text, ${connector}::text,
                 ${config}::json, ${auth}::text, 'disabled', ${UNFINISHED}::text
          from workspace
          on conflict (workspace_id, name) do update
            set config = excluded.config, auth = excluded.auth, connector = excluded.connector
            where c.status = 'disabled' and c.status_reason = ${UNFINISHED} and c.connector = excluded.connector
          returning c.id
        )
        select exists(select 1 from workspace) as known, (select id from made) as id`.execute(trx),
    );
    const [row] = rows;
    if (!row?.known) throw new RuntimeError('WORKSPACE_UNKNOWN', `there is no workspace ${workspaceId} here`);
    if (row.id === null) {
      throw new RuntimeError(
        'NAME_TAKEN',
        `there is a connection named ${JSON.stringify(name)} already; choose another name`,
      );
    }
    return row.id;
  }

  async function activate(
    id: string,
    { tenantId, connector, name, auth, by }: NewConnection,
    authorized: boolean,
  ): Promise<void> {
    const [status, reason] = authorized ? ['ready', null] : ['reauth_required', 'not_authorized'];
    await store.withTenant(tenantId, async (trx) => {
      const { rows } = await sql`
        update connector.connections set status = ${status}, status_reason = ${reason}
        where id = ${id} and tenant_id = ${tenantId} and status_reason = ${UNFINISHED} returning id`.execute(trx);
      if (rows.length === 0) return;
      const record = {
        tenantId,
        kind: 'connection.created',
        actor: by,
        subject: `connection:${id}`,
        details: { connector, name, auth, authorized },
      };
      await sql`select ${audit.append(record)}`.execute(trx);
    });
  }

  async function connection(tenantId: string, connectionId: string): Promise<Connection> {
    const row = await store.db
      .selectFrom('connector.connections')
      .select(CONNECTION_COLUMNS)
      .where('tenant_id', '=', tenantId)
      .where('id', '=', connectionId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined) throw unknownConnection(connectionId);
    return toConnection(row);
  }

  return {
    async createConnection(request) {
      const { tenantId, connector, auth } = request;
      const { manifest } = await enablements.enabled(tenantId, connector);
      requireFit(manifest.connection.config, request.config, 'CONNECTION_CONFIG_INVALID', `the config of ${connector}`);
      if (!Object.hasOwn(manifest.connection.auth, auth)) {
        const kinds = Object.keys(manifest.connection.auth).join(', ');
        throw new RuntimeError('CONNECTION_CONFIG_INVALID', `${connector} has no auth "${auth}"; it has ${kinds}`);
      }
      const id = await reserve(request);
      const { authorized } = await credentials.store({ id, tenantId, connector }, auth, request.secrets, request.by);
      await activate(id, request, authorized);
      return connection(tenantId, id);
    },

    connection,

    async replaceCredential({ tenantId, connectionId, secrets, by }) {
      const { id, connector, auth } = await connection(tenantId, connectionId);
      await credentials.store({ id, tenantId, connector }, auth, secrets, by);
      credentials.forget({ id, tenantId });
      return connection(tenantId, id);
    },

    async connectionFor(tenantId, workspaceId, connector, name) {
      let query = store.db
        .selectFrom('connector.connections')
        .select(CONNECTION_COLUMNS)
        .where('tenant_id', '=', tenantId)
        .where('workspace_id', '=', workspaceId)
        .where('connector', '=', connector)
        .where('deleted_at', 'is', null);
      query = name === undefined ? query.where('status', '!=', 'disabled') : query.where('name', '=', name);
      const [row, second] = await query.limit(2).execute();
      if (row === undefined) {
        const which = name === undefined ? '' : ` named ${JSON.stringify(name)}`;
        throw new RuntimeError(
          'CONNECTION_UNKNOWN',
          `the workspace has no connection${which} to ${connector}; create one`,
        );
      }
      if (second !== undefined) {
        throw new RuntimeError(
          'CONNECTION_AMBIGUOUS',
          `the workspace has several connections to ${connector}: name the one that is meant`,
        );
      }
      return toConnection(row);
    },
  };
}
