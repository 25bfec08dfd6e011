import { sql, type Transaction } from 'kysely';
import type { Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { RenewalFailure } from '../types/renewal-failure.ts';
import { CONNECTION_COLUMNS, type Connection, toConnection } from './connection.ts';
import { type ConnectionHealth, type CredentialFigures, connectionHealth } from './connection-health.ts';
import type { Enablements } from './enablements.ts';
import type { TenantPorts } from './ports.ts';

/** A connection as administrators see it. No secret is in it. */
export interface ConnectionView extends Connection {
  readonly credential: CredentialFigures | null;
  readonly health: ConnectionHealth;
}

export interface ConnectionQuery {
  readonly status?: Connection['status'] | undefined;
  readonly limit: number;
}

export interface ConnectionViews {
  listConnections(tenantId: string, query?: ConnectionQuery): Promise<readonly ConnectionView[]>;
  /** Throws `CONNECTION_UNKNOWN`, also for another tenant's. */
  showConnection(tenantId: string, connectionId: string): Promise<ConnectionView>;
  /** Of every tenant: for whoever runs the deployment. */
  listAllConnections(query: ConnectionQuery): Promise<readonly ConnectionView[]>;
}

interface Figures {
  readonly connection_id: string;
  readonly generation: number;
  readonly expires_at: Date | null;
  readonly renewable: boolean;
  readonly renew_at: Date | null;
  readonly updated_at: Date;
  readonly failures: number;
  readonly failure: RenewalFailure | null;
  readonly failed_at: Date | null;
}

export function createConnectionViews({ store }: TenantPorts, enablements: Enablements): ConnectionViews {
  async function view(
    from: Transaction<Database> | typeof store.db,
    found: readonly Connection[],
  ): Promise<ConnectionView[]> {
    if (found.length === 0) return [];
    const { rows } = await sql<Figures>`
      select connection_id, generation, expires_at, renewable, renew_at, updated_at, failures, failure, failed_at
      from connector.credentials where connection_id = any(${found.map(({ id }) => id)}::uuid[])`.execute(from);
    const figures = new Map(rows.map((row) => [row.connection_id, toFigures(row)]));
    const tenants = new Set(found.map(({ tenantId }) => tenantId));
    const manifests = new Map(
      await Promise.all([...tenants].map(async (id) => [id, await enablements.manifests(id)] as const)),
    );
    return found.map((connection) => {
      const credential = figures.get(connection.id);
      const manifest = manifests.get(connection.tenantId)?.find(({ id }) => id === connection.connector);
      return {
        ...connection,
        credential: credential ?? null,
        health: connectionHealth(connection, credential, manifest),
      };
    });
  }

  function query(from: Transaction<Database> | typeof store.db, { status, limit }: ConnectionQuery) {
    const all = from
      .selectFrom('connector.connections')
      .select(CONNECTION_COLUMNS)
      .where('deleted_at', 'is', null)
      .orderBy('id')
      .limit(limit);
    return status === undefined ? all : all.where('status', '=', status);
  }

  return {
    listConnections: (tenantId, asked = { limit: 1000 }) =>
      store.withTenant(tenantId, async (trx) => {
        const rows = await query(trx, asked).where('tenant_id', '=', tenantId).execute();
        return view(trx, rows.map(toConnection));
      }),

    showConnection: (tenantId, connectionId) =>
      store.withTenant(tenantId, async (trx) => {
        const rows = await query(trx, { limit: 1 })
          .where('tenant_id', '=', tenantId)
          .where('id', '=', connectionId)
          .execute();
        const [found] = await view(trx, rows.map(toConnection));
        if (!found) throw unknownConnection(connectionId);
        return found;
      }),

    async listAllConnections(asked) {
      return view(store.db, (await query(store.db, asked).execute()).map(toConnection));
    },
  };
}

export function unknownConnection(connectionId: string): RuntimeError {
  return new RuntimeError('CONNECTION_UNKNOWN', `there is no connection ${connectionId} here`);
}

function toFigures(row: Figures): CredentialFigures {
  const { failure, failed_at: failedAt } = row;
  return {
    generation: row.generation,
    expiresAt: row.expires_at?.toISOString() ?? null,
    renewable: row.renewable,
    renewsAt: row.renew_at?.toISOString() ?? null,
    updatedAt: row.updated_at.toISOString(),
    failure:
      failure && failedAt
        ? { code: failure.code, message: failure.message, since: failedAt.toISOString(), count: row.failures }
        : null,
  };
}
