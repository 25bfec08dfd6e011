import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { RuntimeError } from '../types/errors.ts';
import type { Enablements } from './enablements.ts';
import { requireFit } from './json-fits.ts';
import type { TenantPorts } from './ports.ts';

export interface Connection {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly name: string;
  readonly connector: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Key of `connection.auth` in the manifest. */
  readonly auth: string;
  readonly status: 'ready' | 'reauth_required' | 'disabled';
  readonly statusReason: string | null;
}

export interface NewConnection {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly name: string;
  readonly connector: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly auth: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly by: string;
}

export interface ReplaceCredential {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly by: string;
}

export interface Connections {
  /**
   * Throws `CONNECTOR_NOT_ENABLED`, `CONNECTION_CONFIG_INVALID`, `WORKSPACE_UNKNOWN`, `NAME_TAKEN`, `CREDENTIAL_INVALID`.
   * A call that failed half-way is finished by calling it again.
   */
  createConnection(request: NewConnection): Promise<Connection>;
  /** Throws `CONNECTION_UNKNOWN`, also for another tenant's. */
  connection(tenantId: string, connectionId: string): Promise<Connection>;
  /** The one that a workflow means. Throws `CONNECTION_UNKNOWN` | `CONNECTION_AMBIGUOUS`. */
  connectionFor(tenantId: string, workspaceId: string, connector: string, name?: string): Promise<Connection>;
  listConnections(tenantId: string): Promise<readonly Connection[]>;
  /** Gives an existing connection another credential of its kind of auth. Throws `CONNECTION_UNKNOWN` | `CREDENTIAL_INVALID`. */
  replaceCredential(request: ReplaceCredential): Promise<Connection>;
}

/** A connection without its credential: left by a call that did not finish, and taken up by the next of the same name. */
const UNFINISHED = 'credential_not_stored';
const COLUMNS = [
  'id',
  'tenant_id',
  'workspace_id',
  'name',
  'connector',
  'config',
  'auth',
  'status',
  'status_reason',
] as const;

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

  async function activate(id: string, { tenantId, connector, name, auth, by }: NewConnection): Promise<void> {
    await store.withTenant(tenantId, async (trx) => {
      const { rows } = await sql`
        update connector.connections set status = 'ready', status_reason = null
        where id = ${id} and tenant_id = ${tenantId} and status_reason = ${UNFINISHED} returning id`.execute(trx);
      if (rows.length === 0) return;
      const record = {
        tenantId,
        kind: 'connection.created',
        actor: by,
        subject: `connection:${id}`,
        details: { connector, name, auth },
      };
      await sql`select ${audit.append(record)}`.execute(trx);
    });
  }

  async function connection(tenantId: string, connectionId: string): Promise<Connection> {
    const row = await store.db
      .selectFrom('connector.connections')
      .select(COLUMNS)
      .where('tenant_id', '=', tenantId)
      .where('id', '=', connectionId)
      .executeTakeFirst();
    if (row === undefined) throw new RuntimeError('CONNECTION_UNKNOWN', `there is no connection ${connectionId} here`);
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
      await credentials.store({ id, tenantId, connector }, auth, request.secrets, request.by);
      await activate(id, request);
      return connection(tenantId, id);
    },

    connection,

    async replaceCredential({ tenantId, connectionId, secrets, by }) {
      const { id, connector, auth } = await connection(tenantId, connectionId);
      await credentials.store({ id, tenantId, connector }, auth, secrets, by);
      return connection(tenantId, id);
    },

    async connectionFor(tenantId, workspaceId, connector, name) {
      let query = store.db
        .selectFrom('connector.connections')
        .select(COLUMNS)
        .where('tenant_id', '=', tenantId)
        .where('workspace_id', '=', workspaceId)
        .where('connector', '=', connector);
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

    listConnections: (tenantId) =>
      store.withTenant(tenantId, async (trx) => {
        const rows = await trx
          .selectFrom('connector.connections')
          .select(COLUMNS)
          .where('tenant_id', '=', tenantId)
          .orderBy('id')
          .execute();
        return rows.map(toConnection);
      }),
  };
}

interface ConnectionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly name: string;
  readonly connector: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly auth: string;
  readonly status: Connection['status'];
  readonly status_reason: string | null;
}

function toConnection(row: ConnectionRow): Connection {
  const { tenant_id, workspace_id, status_reason, ...rest } = row;
  return { ...rest, tenantId: tenant_id, workspaceId: workspace_id, statusReason: status_reason };
}
