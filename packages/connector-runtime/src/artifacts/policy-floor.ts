import type { TrustPolicy } from '@org/connector-artifact';
import { sql } from 'kysely';
import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';

interface PolicyFloorOptions {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly trust: () => TrustPolicy;
  readonly clock: Clock;
}

/**
 * The trust policy of now, and never one that is older than what this deployment has used: an old copy of the file would
 * bring back revoked keys. The database keeps the highest serial that any node has used; a policy is compared with it when
 * this node first sees it. A node whose file is merely not yet exchanged goes on with it.
 *
 * @returns a function that throws RuntimeError `ARTIFACT_TRUST_ROLLBACK` | `CONFIG_MISSING` | `CONFIG_INVALID`; the same
 * policy object while nothing changed.
 */
export function createPolicyFloor({ db, audit, trust, clock }: PolicyFloorOptions): () => Promise<TrustPolicy> {
  let admitted: TrustPolicy | undefined;
  let refused: TrustPolicy | undefined;

  async function raise(serial: number): Promise<number> {
    const details = { serial };
    const changed = { tenantId: DEPLOYMENT, kind: 'trust.raised', actor: 'system', subject: 'trust-policy', details };
    const { rows } = await sql<{ serial: string }>`
      with raised as (
        insert into connector.trust_floor as f (serial, raised_at) select ${serial}::bigint, ${new Date(clock.now())}::timestamptz where ${serial}::bigint > 0
        on conflict (only_row) do update set serial = excluded.serial, raised_at = excluded.raised_at
          where f.serial < excluded.serial
        returning serial
      ),
      recorded as materialized (select ${audit.append(changed)} from raised)
      select greatest((select serial from raised), (select serial from connector.trust_floor)) as serial,
        (select count(*) from recorded)`.execute(db);
    return Number(rows[0]?.serial ?? serial);
  }

  return async () => {
    const policy = trust();
    if (policy === admitted) return policy;
    const floor = await raise(policy.serial);
    if (policy.serial >= floor) {
      admitted = policy;
      return policy;
    }
    const details = { serial: policy.serial, floor };
    if (refused !== policy) {
      refused = policy;
      const refusal = { code: 'ARTIFACT_TRUST_ROLLBACK', ...details };
      await audit.record({
        tenantId: DEPLOYMENT,
        kind: 'trust.refused',
        actor: 'system',
        subject: 'trust-policy',
        details: refusal,
      });
    }
    throw new RuntimeError(
      'ARTIFACT_TRUST_ROLLBACK',
      `the trust policy has serial ${policy.serial}, but this deployment has used ${floor}: it is an old copy. Put the current one in place, or set its serial above ${floor} if you mean to go back`,
      { details },
    );
  };
}
