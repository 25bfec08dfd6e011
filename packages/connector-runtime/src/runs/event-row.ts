import type { TenantEvent } from '../types/delivery.ts';

/** A row of `connector.events`, as far as a run needs it. */
export interface EventRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly connection_id: string;
  readonly trigger: string;
  readonly event_key: string;
  readonly data: unknown;
  readonly received_at: Date;
}

export function toEvent(row: EventRow): TenantEvent {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    workspaceId: row.workspace_id,
    connectionId: row.connection_id,
    trigger: row.trigger,
    eventKey: row.event_key,
    data: row.data,
    receivedAt: row.received_at.getTime(),
  };
}
