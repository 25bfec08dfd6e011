import type { ConnectionTest } from '../types/database.ts';

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
  /** What its grant covers, as the provider names it; null when nothing is known of it. */
  readonly grantedScopes: readonly string[] | null;
  readonly lastTest: ConnectionTest | null;
}

/** A connection without its credential: left by a call that did not finish, and taken up by the next of the same name. */
export const UNFINISHED = 'credential_not_stored';

export const CONNECTION_COLUMNS = [
  'id',
  'tenant_id',
  'workspace_id',
  'name',
  'connector',
  'config',
  'auth',
  'status',
  'status_reason',
  'granted_scopes',
  'last_test',
] as const;

export interface ConnectionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly name: string;
  readonly connector: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly auth: string;
  readonly status: Connection['status'];
  readonly status_reason: string | null;
  readonly granted_scopes: string[] | null;
  readonly last_test: ConnectionTest | null;
}

export function toConnection(row: ConnectionRow): Connection {
  const { tenant_id, workspace_id, status_reason, granted_scopes, last_test, ...rest } = row;
  return {
    ...rest,
    tenantId: tenant_id,
    workspaceId: workspace_id,
    statusReason: status_reason,
    grantedScopes: granted_scopes,
    lastTest: last_test,
  };
}
