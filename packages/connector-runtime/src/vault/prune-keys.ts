import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Db } from '../types/database.ts';

/** Longer than anything that was sealed under an old key, outside of the sealed rows, can still be of use. */
const KEEP_OLD_SECONDS = 900;

interface PruneOptions {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly by: string;
  readonly keepOldSeconds?: number;
}

/** Removes old versions that seal nothing any more, some time after a newer one took over. Gives how many. */
export async function pruneKeys({ db, audit, by, keepOldSeconds = KEEP_OLD_SECONDS }: PruneOptions): Promise<number> {
  const { rows: old } = await sql<{ tenant_id: string; version: number }>`
    select k.tenant_id, k.version from connector.tenant_keys k
    where k.wrapped_key is not null
      and exists (select from connector.tenant_keys n where n.tenant_id = k.tenant_id and n.version > k.version
        and n.resealed_at <= now() - make_interval(secs => ${keepOldSeconds}))
      and not exists (select from connector.credentials c where c.tenant_id = k.tenant_id and c.data_key = k.version)
      and not exists (select from connector.endpoint_secrets s where s.tenant_id = k.tenant_id and s.data_key = k.version)
    order by k.tenant_id, k.version`.execute(db);
  let removed = 0;
  for (const { tenant_id: tenantId, version } of old) {
    const entry = {
      tenantId,
      kind: 'key.removed',
      actor: by,
      subject: `tenant-key:${version}`,
      details: { version },
    };
    if (await removeKey(db, tenantId, version, audit.append(entry))) removed += 1;
  }
  return removed;
}

async function removeKey(
  db: Db,
  tenantId: string,
  version: number,
  record: ReturnType<AuditTrail['append']>,
): Promise<boolean> {
  try {
    const { rows } = await sql`
      with gone as (
        delete from connector.tenant_keys
        where tenant_id = ${tenantId} and version = ${version} and wrapped_key is not null returning version
      )
      select ${record} from gone`.execute(db);
    return rows.length === 1;
  } catch (error) {
    // Somebody sealed under it in this very moment: the foreign key keeps it.
    if (error instanceof Error && 'code' in error && error.code === '23503') return false;
    throw error;
  }
}
