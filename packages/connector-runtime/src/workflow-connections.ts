import { createRecentValues } from './recent-values.ts';
import type { ConnectionsPort } from './runs/index.ts';
import type { Connection } from './tenants/connection.ts';
import type { Tenants } from './tenants/index.ts';
import type { Clock } from './types/clock.ts';

/** How long a change by another node may go unnoticed here. Whether a connection may be used is asked when it is called. */
const RECENT_MS = 5_000;

/** The connection that a workflow means: the one it names, the event's own, or the only one of that connector. */
export interface WorkflowConnections extends ConnectionsPort, Pick<Tenants, 'connection'> {
  /** The connection was changed here. */
  forget(connection: { readonly id: string; readonly tenantId: string }): void;
}

export function createWorkflowConnections(
  tenants: Pick<Tenants, 'connection' | 'connectionFor'>,
  clock: Clock,
): WorkflowConnections {
  const own = createRecentValues<Connection>(RECENT_MS, clock);
  return {
    connection: tenants.connection,
    forget: ({ id, tenantId }) => own.forget(`${tenantId}:${id}`),
    async forAction({ tenantId, workspaceId }, connector, { name, eventConnectionId: id }) {
      if (name === undefined && id !== undefined) {
        const found = await own.get(`${tenantId}:${id}`, () => tenants.connection(tenantId, id));
        if (found.connector === connector) return found;
      }
      return tenants.connectionFor(tenantId, workspaceId, connector, name);
    },
  };
}
