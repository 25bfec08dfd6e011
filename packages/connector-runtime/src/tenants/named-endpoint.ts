import { sql, type Transaction } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Database } from '../types/database.ts';
import type { EndpointPurpose } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';

export interface NamedEndpoint {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly by: string;
}

interface LockedEndpoint {
  readonly connector: string;
  readonly connectionId: string;
  readonly purpose: EndpointPurpose;
  readonly disabled: boolean;
}

/** Until the transaction ends nobody else changes it. Throws `ENDPOINT_UNKNOWN`. */
export async function lockEndpoint(
  trx: Transaction<Database>,
  { tenantId, endpointId }: Omit<NamedEndpoint, 'by'>,
): Promise<LockedEndpoint> {
  const row = await trx
    .selectFrom('connector.endpoints')
    .select(['connector', 'connection_id', 'purpose', 'name', 'disabled'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', endpointId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw unknownEndpoint(endpointId);
  const { connector, connection_id: connectionId, purpose: kind, name, disabled } = row;
  return { connector, connectionId, purpose: { kind, name }, disabled };
}

export async function recordEndpoint(
  trx: Transaction<Database>,
  audit: AuditTrail,
  { tenantId, endpointId, by }: NamedEndpoint,
  kind: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const entry = { tenantId, kind, actor: by, subject: `endpoint:${endpointId}`, details };
  await sql`select ${audit.append(entry)}`.execute(trx);
}

export function unknownEndpoint(endpointId: string): RuntimeError {
  return new RuntimeError('ENDPOINT_UNKNOWN', `there is no endpoint ${endpointId} here`);
}
