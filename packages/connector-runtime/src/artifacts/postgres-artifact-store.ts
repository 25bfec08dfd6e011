import { createHash } from 'node:crypto';
import type { VerifiedArtifact } from '@org/connector-artifact';
import { sql } from 'kysely';
import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Db } from '../types/database.ts';
import type { QuarantineTerms } from './quarantine.ts';

/** An artifact as it lies in the database: nothing about it was verified since. */
interface StoredArtifact extends QuarantineTerms {
  readonly digest: string;
  /** The same content as signed at different times, the newest first. */
  readonly archives: readonly Buffer[];
  readonly addedBy: string;
  readonly promotedBy: string | null;
}

interface NewArtifact {
  readonly artifact: VerifiedArtifact;
  readonly archive: Uint8Array;
  readonly terms: QuarantineTerms;
  readonly by: string;
  readonly now: Date;
}

export interface ArtifactStore {
  /** Adds the artifact, or the new signatures of one that is there. Does and audits nothing when both are there already. */
  insert(added: NewArtifact): Promise<void>;
  find(digest: string): Promise<StoredArtifact | undefined>;
  has(digest: string): Promise<boolean>;
  /** False when `by` is who added it, or it is not there. A second promotion changes and audits nothing. */
  promote(digest: string, by: string, now: Date): Promise<boolean>;
}

const MOST_ARCHIVES = 8;

export function createPostgresArtifactStore(db: Db, audit: AuditTrail): ArtifactStore {
  const audited = (kind: string, actor: string, subject: string, details: Readonly<Record<string, unknown>>) =>
    audit.append({ tenantId: DEPLOYMENT, kind, actor, subject, details });

  return {
    async insert({ artifact, archive, terms: { needsPromotion, availableAt }, by, now }) {
      const { digest, id, version, publisher, keyIds, manifestBytes } = artifact;
      const facts = { id, version, publisher, keyIds: [...keyIds] };
      const quarantined = needsPromotion || availableAt !== null;
      const bytes = Buffer.from(archive);
      const archiveDigest = createHash('sha256').update(bytes).digest('hex');
      await sql`
        with added as (
          insert into connector.artifacts
            (digest, connector, version, publisher, key_ids, manifest, archive, added_at, added_by, needs_promotion, available_at)
          values (${digest}, ${id}, ${version}, ${publisher}, ${[...keyIds]}::text[],
                  ${Buffer.from(manifestBytes).toString('utf8')}::json, ${bytes}, ${now},
                  ${by}, ${needsPromotion}, ${availableAt}::timestamptz)
          on conflict (digest) do nothing
          returning digest
        ),
        signed_anew as (
          insert into connector.artifact_archives (digest, archive_digest, archive, added_by, added_at)
          select digest, ${archiveDigest}, ${bytes}, ${by}, ${now}::timestamptz
          from connector.artifacts where digest = ${digest} and archive <> ${bytes}
          on conflict (digest, archive_digest) do nothing
          returning digest
        )
        select ${audited('artifact.added', by, digest, { ...facts, ...(quarantined ? { quarantined } : {}) })} from added
        union all
        select ${audited('artifact.signed_anew', by, digest, facts)} from signed_anew`.execute(db);
    },

    async find(digest) {
      const row = await db
        .selectFrom('connector.artifacts as a')
        .leftJoin('connector.artifact_promotions as p', 'p.digest', 'a.digest')
        .select(['a.digest', 'a.archive', 'a.added_by as addedBy', 'a.needs_promotion as needsPromotion'])
        .select(['a.available_at as availableAt', 'p.promoted_by as promotedBy'])
        .where('a.digest', '=', digest)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const newer = await db
        .selectFrom('connector.artifact_archives')
        .select('archive')
        .where('digest', '=', digest)
        .orderBy('added_at', 'desc')
        .limit(MOST_ARCHIVES)
        .execute();
      const { archive, ...rest } = row;
      return { ...rest, archives: [...newer.map((one) => one.archive), archive] };
    },

    async has(digest) {
      const row = await db
        .selectFrom('connector.artifacts')
        .select('digest')
        .where('digest', '=', digest)
        .executeTakeFirst();
      return row !== undefined;
    },

    async promote(digest, by, now) {
      const { rows } = await sql<{ allowed: boolean }>`
        with allowed as (select digest from connector.artifacts where digest = ${digest} and added_by <> ${by}),
        promoted as (
          insert into connector.artifact_promotions (digest, promoted_by, promoted_at)
          select digest, ${by}::text, ${now}::timestamptz from allowed
          on conflict (digest) do nothing
          returning digest
        ),
        recorded as materialized (select ${audited('artifact.promoted', by, digest, {})} from promoted)
        select exists (select from allowed) as allowed, (select count(*) from recorded)`.execute(db);
      return rows[0]?.allowed === true;
    },
  };
}
