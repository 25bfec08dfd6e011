import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';

interface ShredOptions {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly tenantId: string;
  readonly by: string;
}

/**
 * Destroys a tenant's keys, and with them every secret that was sealed for it. Rows without keys stay, so that no key is made
 * again. Other nodes notice within seconds. Backups still hold the wrapped keys, as long as there are backups and master keys.
 *
 * @throws RuntimeError `TENANT_UNKNOWN` | `CREDENTIAL_SHREDDED` when it was done before
 */
export async function shredTenant({ db, audit, tenantId, by }: ShredOptions): Promise<{ readonly versions: number }> {
  return db.transaction().execute(async (trx) => {
    const { rows: tenants } = await sql`select 1 from connector.tenants where id = ${tenantId}`.execute(trx);
    if (tenants.length === 0) throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
    // A tenant that never had a secret gets its tombstone too.
    await sql`insert into connector.tenant_keys (tenant_id, version, shredded_at)
      select ${tenantId}, 1, now() where not exists
        (select from connector.tenant_keys where tenant_id = ${tenantId})
      on conflict (tenant_id, version) do nothing`.execute(trx);
    // A rotation that is just adding a key is waited for; the next statement sees what it made.
    await sql`select 1 from connector.tenant_keys where tenant_id = ${tenantId} order by version for update`.execute(
      trx,
    );
    const { rows } = await sql`update connector.tenant_keys set wrapped_key = null, shredded_at = now()
      where tenant_id = ${tenantId} and wrapped_key is not null returning version`.execute(trx);
    // Also of those that somebody disabled, who could enable them again.
    await sql`update connector.connections
      set status = 'disabled', enabled_status = null, status_reason = 'secrets_shredded'
      where tenant_id = ${tenantId} and (status <> 'disabled' or enabled_status is not null)`.execute(trx);
    const entry = {
      tenantId,
      kind: 'key.shredded',
      actor: by,
      subject: `tenant:${tenantId}`,
      details: { versions: rows.length },
    };
    await sql`select ${audit.append(entry)}`.execute(trx);
    return { versions: rows.length };
  });
}
