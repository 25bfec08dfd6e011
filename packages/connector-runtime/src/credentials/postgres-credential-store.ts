import { type Kysely, sql, type Transaction } from 'kysely';
import type { AuditRecord, AuditTrail } from '../types/audit.ts';
import type { Database, Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { StoredCredential } from './stored-credential.ts';
import type { Vault } from './vault.ts';

export interface CredentialRow {
  readonly generation: number;
  readonly credential: StoredCredential;
}

interface Owner {
  readonly id: string;
  readonly tenantId: string;
}

type Trx = Transaction<Database>;

/** Credentials at rest. What is written has the generation it is written under sealed into it. */
export interface CredentialStore {
  read(owner: Owner): Promise<CredentialRow | undefined>;
  /** Replaces what is there, whoever else writes. Gives the new generation. */
  replace(owner: Owner, credential: StoredCredential, actor: string): Promise<number>;
  /**
   * Holds the row: nobody else, on this node or another, works on this credential meanwhile.
   * `save` writes the next generation; `end` says that only a person can go on. Both commit when `work` is done.
   */
  renew<T>(
    owner: Owner,
    work: (
      row: CredentialRow | undefined,
      write: {
        save(credential: StoredCredential, expiresAt: number | undefined): Promise<number>;
        end(reason: string): Promise<void>;
      },
    ) => Promise<T>,
  ): Promise<T>;
}

export function createPostgresCredentialStore(db: Db, vault: Vault, audit: AuditTrail): CredentialStore {
  async function read(
    from: Kysely<Database>,
    { id, tenantId }: Owner,
    lock: boolean,
  ): Promise<CredentialRow | undefined> {
    let query = from
      .selectFrom('connector.credentials')
      .select(['generation', 'sealed'])
      .where('connection_id', '=', id)
      .where('tenant_id', '=', tenantId);
    if (lock) query = query.forUpdate();
    const row = await query.executeTakeFirst();
    if (!row) return undefined;
    const text = await vault.open(contextOf({ id, tenantId }, row.generation), row.sealed);
    return { generation: row.generation, credential: JSON.parse(text) as StoredCredential };
  }

  /** Only if nobody wrote since `generation` was read, 0 being none. True when written. */
  async function write(
    trx: Trx,
    owner: Owner,
    generation: number,
    credential: StoredCredential,
    expiresAt?: number,
  ): Promise<boolean> {
    const next = generation + 1;
    const sealed = await vault.seal(contextOf(owner, next), JSON.stringify(credential));
    const expires = expiresAt === undefined ? null : new Date(expiresAt);
    const { rows } = await sql`
      insert into connector.credentials as c (connection_id, tenant_id, generation, sealed, expires_at, updated_at)
      values (${owner.id}, ${owner.tenantId}, ${next}, ${sealed}, ${expires}, now())
      on conflict (connection_id) do update set generation = excluded.generation, sealed = excluded.sealed,
        expires_at = excluded.expires_at, updated_at = excluded.updated_at
        where c.generation = ${generation} and c.tenant_id = excluded.tenant_id
      returning 1`.execute(trx);
    return rows.length === 1;
  }

  async function record(
    trx: Trx,
    owner: Owner,
    kind: string,
    actor: string,
    details: AuditRecord['details'],
  ): Promise<void> {
    const subject = `connection:${owner.id}`;
    await sql`select ${audit.append({ tenantId: owner.tenantId, kind, actor, subject, details })}`.execute(trx);
  }

  async function replaceOnce(owner: Owner, credential: StoredCredential, actor: string): Promise<number | undefined> {
    return db.transaction().execute(async (trx) => {
      const row = await trx
        .selectFrom('connector.credentials')
        .select('generation')
        .where('connection_id', '=', owner.id)
        .forUpdate()
        .executeTakeFirst();
      const generation = row?.generation ?? 0;
      if (!(await write(trx, owner, generation, credential, credential.token?.expiresAt))) return undefined;
      await sql`update connector.connections set status = 'ready', status_reason = null
        where id = ${owner.id} and tenant_id = ${owner.tenantId} and status = 'reauth_required'`.execute(trx);
      await record(trx, owner, 'credential.stored', actor, { auth: credential.auth, generation: generation + 1 });
      return generation + 1;
    });
  }

  return {
    read: (owner) => read(db, owner, false),

    async replace(owner, credential, actor) {
      // Two first ones at once: the slower sees the other's row on its second try, and locks it.
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const generation = await replaceOnce(owner, credential, actor);
        if (generation !== undefined) return generation;
      }
      throw new RuntimeError(
        'CREDENTIAL_INVALID',
        `the credential of connection ${owner.id} is being replaced by others; try again`,
      );
    },

    renew: (owner, work) =>
      db.transaction().execute(async (trx) => {
        const row = await read(trx, owner, true);
        return work(row, {
          async save(credential, expiresAt) {
            const generation = row?.generation ?? 0;
            // Cannot be while the row is locked; were it so, the winner's must not be overwritten.
            if (!(await write(trx, owner, generation, credential, expiresAt))) throw lostRace(owner);
            await record(trx, owner, 'credential.renewed', 'system', {
              auth: credential.auth,
              generation: generation + 1,
            });
            return generation + 1;
          },
          async end(reason) {
            const entry = {
              tenantId: owner.tenantId,
              kind: 'connection.reauth_required',
              actor: 'system',
              subject: `connection:${owner.id}`,
              details: { reason },
            };
            await sql`
              with ended as (
                update connector.connections set status = 'reauth_required', status_reason = ${reason}
                where id = ${owner.id} and tenant_id = ${owner.tenantId} and status = 'ready' returning id
              )
              select ${audit.append(entry)} from ended`.execute(trx);
          },
        });
      }),
  };
}

function contextOf({ id, tenantId }: Owner, generation: number) {
  return { tenantId, ownerId: id, field: 'credential', generation };
}

function lostRace({ id }: Owner): RuntimeError {
  return new RuntimeError('CREDENTIAL_REFUSED', `the credential of connection ${id} was replaced meanwhile; try again`);
}
