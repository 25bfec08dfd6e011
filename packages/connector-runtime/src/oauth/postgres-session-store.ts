import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Db } from '../types/database.ts';

/** A person is on the way to the provider and back. */
export interface OAuthSession {
  readonly id: string;
  readonly tenantId: string;
  readonly connectionId: string;
  readonly registrationHash: Buffer;
  readonly redirectUri: string;
  readonly scopes: readonly string[] | null;
  readonly sealedVerifier: Buffer;
  readonly startedBy: string;
}

export interface NewOAuthSession extends OAuthSession {
  readonly state: string;
  /** What the browser that began it can show; undefined when it began elsewhere. */
  readonly browser: string | undefined;
  readonly startedAt: Date;
  readonly expiresAt: Date;
}

export interface OAuthSessionStore {
  /** With its audit entry. */
  insert(session: NewOAuthSession): Promise<void>;
  /** Uses it up: the same state is unknown from then on. */
  consume(state: string, browser: string | undefined, now: Date): Promise<OAuthSession | 'unknown' | 'other-browser'>;
}

/** What is over is kept for a day, for whoever asks why. */
const KEPT = '1 day';

/** State and browser proof are only kept as SHA-256: who reads the table can't come back with them. */
export function createPostgresSessionStore(db: Db, audit: AuditTrail): OAuthSessionStore {
  return {
    async insert(session) {
      const { id, tenantId, connectionId, startedBy } = session;
      const entry = {
        tenantId,
        kind: 'connection.authorization_begun',
        actor: startedBy,
        subject: `connection:${connectionId}`,
        details: { session: id, scopes: session.scopes },
      };
      await sql`
        with old as (delete from connector.oauth_sessions
          where tenant_id = ${tenantId} and expires_at < ${session.startedAt}::timestamptz - ${KEPT}::interval),
        begun as (
          insert into connector.oauth_sessions (id, tenant_id, connection_id, state_hash, browser_hash, registration_hash,
            redirect_uri, scopes, sealed_verifier, started_by, started_at, expires_at)
          values (${id}, ${tenantId}, ${connectionId}, ${sha256(session.state)}, ${proofOf(session.browser)},
            ${session.registrationHash}, ${session.redirectUri}, ${session.scopes}, ${session.sealedVerifier}, ${startedBy},
            ${session.startedAt}, ${session.expiresAt}) returning id
        )
        select ${audit.append(entry)} from begun`.execute(db);
    },

    async consume(state, browser, now) {
      const { rows } = await sql<OAuthSession>`
        update connector.oauth_sessions set used_at = ${now}
        where state_hash = ${sha256(state)} and used_at is null and expires_at > ${now}
          and (browser_hash is null or browser_hash = ${proofOf(browser)})
        returning id, tenant_id as "tenantId", connection_id as "connectionId", registration_hash as "registrationHash",
          redirect_uri as "redirectUri", scopes, sealed_verifier as "sealedVerifier", started_by as "startedBy"`.execute(
        db,
      );
      const [session] = rows;
      if (session) return session;
      const other = await db
        .selectFrom('connector.oauth_sessions')
        .select('id')
        .where('state_hash', '=', sha256(state))
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return other ? 'other-browser' : 'unknown';
    },
  };
}

function proofOf(browser: string | undefined): Buffer | null {
  return browser === undefined ? null : sha256(browser);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
