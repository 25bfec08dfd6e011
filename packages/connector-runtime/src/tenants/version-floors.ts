import { isOlderVersion } from '@org/connector-artifact';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';

interface FloorChange {
  readonly tenantId: string;
  readonly connector: string;
  readonly version: string;
  readonly by: string;
  readonly now: Date;
}

/**
 * Raises the tenant's floor of a connector to a version that is being enabled, within that transaction. The row is locked,
 * so that of two enablements at once the later one sees the floor of the earlier.
 * @throws RuntimeError `ARTIFACT_ROLLBACK` when the version is below the floor.
 */
export async function raiseFloor(trx: Transaction<Database>, change: FloorChange): Promise<void> {
  const { tenantId, connector, version, by, now } = change;
  await sql`
    insert into connector.version_floors (tenant_id, connector, version, set_by, set_at)
    values (${tenantId}, ${connector}, ${version}, ${by}, ${now})
    on conflict (tenant_id, connector) do nothing`.execute(trx);
  const floor = await lockFloor(trx, tenantId, connector);
  checkFloor(connector, version, floor);
  if (floor !== undefined && isOlderVersion(floor, version)) await writeFloor(trx, change);
}

/**
 * Sets the floor, usually to a lower version, so that an older release can be enabled again.
 * @returns the floor before. @throws RuntimeError `CONNECTOR_NOT_ENABLED` when there is none.
 */
export async function setFloor(trx: Transaction<Database>, change: FloorChange): Promise<string> {
  const before = await lockFloor(trx, change.tenantId, change.connector);
  if (before === undefined) {
    throw new RuntimeError('CONNECTOR_NOT_ENABLED', `${change.connector} was never enabled here, so it has no floor`);
  }
  await writeFloor(trx, change);
  return before;
}

/** Throws `ARTIFACT_ROLLBACK`. */
export function checkFloor(connector: string, version: string, floor: string | null | undefined): void {
  if (floor === null || floor === undefined || !isOlderVersion(version, floor)) return;
  throw new RuntimeError(
    'ARTIFACT_ROLLBACK',
    `${connector} ${version} is older than ${floor}, which this tenant has enabled before; lower its floor if you mean to go back`,
    { details: { connector, version, floor } },
  );
}

async function lockFloor(trx: Transaction<Database>, tenantId: string, connector: string): Promise<string | undefined> {
  const row = await trx
    .selectFrom('connector.version_floors')
    .select('version')
    .where('tenant_id', '=', tenantId)
    .where('connector', '=', connector)
    .forUpdate()
    .executeTakeFirst();
  return row?.version;
}

async function writeFloor(trx: Transaction<Database>, change: FloorChange): Promise<void> {
  const { tenantId, connector, version, by, now } = change;
  await trx
    .updateTable('connector.version_floors')
    .set({ version, set_by: by, set_at: now })
    .where('tenant_id', '=', tenantId)
    .where('connector', '=', connector)
    .execute();
}
