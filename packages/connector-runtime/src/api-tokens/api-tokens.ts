import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Database, Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import type { AdminRole } from '../types/roles.ts';
import { Secret } from '../types/secret.ts';
import { createTokenCache } from '../types/token-cache.ts';

/** Whose token it is. */
export interface TokenHolder {
  /**
   * `token:<name>` within its tenant, `admin:<name>` for the whole deployment: no two holders have one name in any audit trail,
   * and none has the name of one before.
   */
  readonly actor: string;
  readonly roles: readonly AdminRole[];
  readonly tenantId: string | undefined;
}

export interface ApiToken {
  readonly id: string;
  readonly tenantId: string | null;
  readonly name: string;
  readonly roles: readonly AdminRole[];
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Within five minutes; null: never. */
  readonly lastUsedAt: Date | null;
  readonly revokedBy: string | null;
  readonly revokedAt: Date | null;
}

/** Without a tenant: for the whole deployment. */
interface Place {
  readonly tenantId?: string | undefined;
  readonly by: string;
}

export interface ApiTokens {
  /** The token is told this once. Throws `NAME_TAKEN` (also for a revoked one's) | `TENANT_UNKNOWN`. */
  create(
    request: Place & { readonly name: string; readonly roles: readonly AdminRole[]; readonly expiresInSeconds: number },
  ): Promise<ApiToken & { readonly token: Secret }>;
  /** Those of the deployment itself, or of one tenant; newest first, revoked ones too. */
  list(tenantId?: string): Promise<readonly ApiToken[]>;
  /** Everywhere within the cache's 2 s. Throws `TOKEN_UNKNOWN`, also for one of another place. */
  revoke(request: Place & { readonly tokenId: string }): Promise<void>;
  /** Undefined for what is unknown, expired or revoked. */
  holderOf(token: string): Promise<TokenHolder | undefined>;
}

interface ApiTokenPorts {
  readonly store: {
    readonly db: Db;
    withTenant<T>(tenantId: string, work: (trx: Transaction<Database>) => Promise<T>): Promise<T>;
  };
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  /** Names of holders who are not in the database. */
  readonly reserved: readonly string[];
}

/** Told apart from other secrets wherever one shows up by mistake. */
const PREFIX = 'ctk_';
const TOKEN = /^ctk_[A-Za-z0-9_-]{43}$/;
const TTL_MS = 2_000;
const LAST_USED_MS = 300_000;

const columns = [
  'id',
  'tenant_id',
  'name',
  'roles',
  'created_by',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_by',
  'revoked_at',
] as const;

export function createApiTokens({ store, audit, clock, log, reserved }: ApiTokenPorts): ApiTokens {
  const { db } = store;
  const cache = createTokenCache({ find, pattern: TOKEN, clock, ttlMs: TTL_MS, maxEntries: 1_000 });

  async function find(hash: Buffer) {
    const row = await db
      .selectFrom('connector.api_tokens')
      .select(['token_hash', ...columns])
      .where('token_hash', '=', hash)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined || !timingSafeEqual(row.token_hash, hash)) return undefined;
    await noteUse(row.id, row.last_used_at);
    return { holder: toHolder(row), expiresAt: row.expires_at.getTime() };
  }

  /** Seldom, and never in the way of a request. */
  async function noteUse(id: string, before: Date | null): Promise<void> {
    const now = clock.now();
    if (before !== null && now - before.getTime() < LAST_USED_MS) return;
    try {
      await db
        .updateTable('connector.api_tokens')
        .set({ last_used_at: new Date(now) })
        .where('id', '=', id)
        .execute();
    } catch (error) {
      log.warn('the last use of a token could not be noted', { tokenId: id, error });
    }
  }

  const within = <T>(tenantId: string | undefined, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> =>
    tenantId === undefined ? db.transaction().execute(work) : store.withTenant(tenantId, work);

  const record = (trx: Transaction<Database>, { tenantId, by }: Place, kind: string, id: string, details: object) =>
    sql`select ${audit.append({
      tenantId: tenantId ?? DEPLOYMENT,
      kind,
      actor: by,
      subject: `token:${id}`,
      details: { ...details },
    })}`.execute(trx);

  return {
    async create({ tenantId, by, name, roles, expiresInSeconds }) {
      if (tenantId === undefined && reserved.includes(name)) throw nameTaken(name);
      const token = `${PREFIX}${randomBytes(32).toString('base64url')}`;
      const now = clock.now();
      const id = uuidv7({ msecs: now });
      const values = {
        id,
        tenant_id: tenantId ?? null,
        name,
        roles: [...roles],
        token_hash: createHash('sha256').update(token).digest(),
        created_by: by,
        created_at: new Date(now),
        expires_at: new Date(now + expiresInSeconds * 1000),
      };
      return within(tenantId, async (trx) => {
        const row = await trx
          .insertInto('connector.api_tokens')
          .values(values)
          .onConflict((conflict) => conflict.doNothing())
          .returning(columns)
          .executeTakeFirst();
        if (row === undefined) throw nameTaken(name);
        const details = { name, roles: [...roles], expiresAt: row.expires_at.toISOString() };
        await record(trx, { tenantId, by }, 'token.created', id, details);
        return { ...toToken(row), token: new Secret(token) };
      }).catch((error: unknown) => {
        // 23503: foreign_key_violation
        if ((error as { code?: unknown }).code !== '23503') throw error;
        throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
      });
    },

    async list(tenantId) {
      const rows = await within(tenantId, (trx) =>
        trx
          .selectFrom('connector.api_tokens')
          .select(columns)
          .where('tenant_id', 'is not distinct from', tenantId ?? null)
          .orderBy('id', 'desc')
          .execute(),
      );
      return rows.map(toToken);
    },

    async revoke({ tenantId, tokenId, by }) {
      await within(tenantId, async (trx) => {
        const row = await trx
          .selectFrom('connector.api_tokens')
          .select(['name', 'revoked_at'])
          .where('id', '=', tokenId)
          .where('tenant_id', 'is not distinct from', tenantId ?? null)
          .forUpdate()
          .executeTakeFirst();
        if (row === undefined) throw new RuntimeError('TOKEN_UNKNOWN', `there is no token ${tokenId} here`);
        if (row.revoked_at !== null) return;
        await trx
          .updateTable('connector.api_tokens')
          .set({ revoked_by: by, revoked_at: new Date(clock.now()) })
          .where('id', '=', tokenId)
          .execute();
        await record(trx, { tenantId, by }, 'token.revoked', tokenId, { name: row.name });
      });
    },

    async holderOf(token) {
      const found = await cache.find(token);
      return found !== undefined && clock.now() < found.expiresAt ? found.holder : undefined;
    },
  };
}

interface Row {
  readonly id: string;
  readonly tenant_id: string | null;
  readonly name: string;
  readonly roles: AdminRole[];
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly last_used_at: Date | null;
  readonly revoked_by: string | null;
  readonly revoked_at: Date | null;
}

function toHolder({ tenant_id, name, roles }: Pick<Row, 'tenant_id' | 'name' | 'roles'>): TokenHolder {
  const actor = tenant_id === null ? `admin:${name}` : `token:${name}`;
  return { actor, roles, tenantId: tenant_id ?? undefined };
}

function toToken(row: Row): ApiToken {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    roles: row.roles,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedBy: row.revoked_by,
    revokedAt: row.revoked_at,
  };
}

function nameTaken(name: string): RuntimeError {
  return new RuntimeError('NAME_TAKEN', `there is or was a token named ${name}; choose another name`);
}
