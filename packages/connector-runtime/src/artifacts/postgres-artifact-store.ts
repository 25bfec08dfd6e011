import type { VerifiedArtifact } from '@org/connector-artifact';
import { sql } from 'kysely';
import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Db } from '../types/database.ts';

export interface ArtifactStore {
  /** Does nothing, and audits nothing, when the same artifact is there already. */
  insert(artifact: VerifiedArtifact, archive: Uint8Array, by: string): Promise<void>;
  archive(digest: string): Promise<Buffer | undefined>;
}

export function createPostgresArtifactStore(db: Db, audit: AuditTrail): ArtifactStore {
  return {
    async insert(artifact, archive, by) {
      const { digest, id, version, publisher, keyIds, manifestBytes } = artifact;
      const record = audit.append({
        tenantId: DEPLOYMENT,
        kind: 'artifact.added',
        actor: by,
        subject: digest,
        details: { id, version, publisher, keyIds: [...keyIds] },
      });
      await sql`
        with added as (
          insert into connector.artifacts (digest, connector, version, publisher, key_ids, manifest, archive)
          values (${digest}, ${id}, ${version}, ${publisher}, ${[...keyIds]}::text[],
                  ${Buffer.from(manifestBytes).toString('utf8')}::json, ${Buffer.from(archive)})
          on conflict (digest) do nothing
          returning digest
        )
        select ${record} from added`.execute(db);
    },

    async archive(digest) {
      const row = await db
        .selectFrom('connector.artifacts')
        .select('archive')
        .where('digest', '=', digest)
        .executeTakeFirst();
      return row?.archive;
    },
  };
}
