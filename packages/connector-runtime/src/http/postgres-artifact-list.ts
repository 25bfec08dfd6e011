import { sql } from 'kysely';
import type { Db } from '../types/database.ts';

export interface ArtifactSummary {
  readonly digest: string;
  readonly id: string;
  readonly version: string;
  readonly publisher: string;
  readonly keyIds: readonly string[];
  readonly addedAt: Date;
  readonly addedBy: string;
  /** `quarantined` can be neither enabled nor loaded. */
  readonly state: 'available' | 'quarantined';
  /** When a quarantine ends by itself. */
  readonly availableAt: Date | null;
  readonly promotedBy: string | null;
}

/** What was added, newest first. Whether it is still trusted shows when it is opened. */
export async function listArtifacts(db: Db, now: Date = new Date()): Promise<readonly ArtifactSummary[]> {
  const waits = sql<boolean>`p.digest is null and (a.needs_promotion or coalesce(a.available_at > ${now}, false))`;
  const rows = await db
    .selectFrom('connector.artifacts as a')
    .leftJoin('connector.artifact_promotions as p', 'p.digest', 'a.digest')
    .select([
      'a.digest',
      'a.connector as id',
      'a.version',
      'a.publisher',
      'a.key_ids as keyIds',
      'a.added_at as addedAt',
    ])
    .select(['a.added_by as addedBy', 'a.available_at as availableAt', 'p.promoted_by as promotedBy'])
    .select(waits.as('waits'))
    .orderBy('a.added_at', 'desc')
    .execute();
  return rows.map(({ waits, ...row }) => ({ ...row, state: waits ? 'quarantined' : 'available' }));
}
