import type { Db } from '../types/database.ts';

export interface ArtifactSummary {
  readonly digest: string;
  readonly id: string;
  readonly version: string;
  readonly publisher: string;
  readonly keyIds: readonly string[];
  readonly addedAt: Date;
}

/** What was added, newest first. Whether it is still trusted shows when it is opened. */
export async function listArtifacts(db: Db): Promise<readonly ArtifactSummary[]> {
  const rows = await db
    .selectFrom('connector.artifacts')
    .select(['digest', 'connector as id', 'version', 'publisher', 'key_ids as keyIds', 'added_at as addedAt'])
    .orderBy('added_at', 'desc')
    .execute();
  return rows;
}
