import { type Kysely, sql, type Transaction } from 'kysely';
import type { AuditRecord, AuditTrail } from '../types/audit.ts';
import type { Database, Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { RenewalFailure } from '../types/renewal-failure.ts';
import type { Sealer } from '../types/sealer.ts';
import { unknownConnection } from './connection-failures.ts';
import type { StoredCredential } from './stored-credential.ts';

export type { RenewalFailure } from '../types/renewal-failure.ts';

export interface CredentialRow {
  readonly generation: number;
  readonly credential: StoredCredential;
  /** Renewals tried so far. */
  readonly attempts: number;
  readonly failures: number;
  readonly failure: RenewalFailure | null;
  readonly failedAt: Date | null;
  /** Of its connection. */
  readonly status: 'ready' | 'reauth_required' | 'disabled';
}

/** What can be known of a credential without opening it. */
export interface CredentialFacts {
  /** Milliseconds since 1970; null: it is used until it is refused. */
  readonly expiresAt: number | null;
  readonly renewable: boolean;
  readonly renewAt: number | null;
}

interface Owner {
  readonly id: string;
  readonly tenantId: string;
}

type Trx = Transaction<Database>;

/** Longer than a renewal takes. */
const DUE_AGAIN_MS = 60_000;

export interface Replacement {
  readonly credential: StoredCredential;
  readonly facts: CredentialFacts;
  /** Null when a person has to agree first. */
  readonly reauth: string | null;
  /** As the provider names them; undefined leaves what is known. */
  readonly grantedScopes?: readonly string[] | null;
  readonly audit: Pick<AuditRecord, 'kind' | 'actor' | 'details'>;
}

/** Within one renewal; everything commits when it ends. */
export interface RenewalWriter {
  /** Fails once this node has lost the row: nothing is sent to the provider without it. */
  requireHeld(): Promise<void>;
  /** `grantedScopes` as the provider names them; undefined leaves what is known. */
  save(
    credential: StoredCredential,
    facts: CredentialFacts,
    grantedScopes: readonly string[] | null | undefined,
  ): Promise<number>;
  /** Says that only a person can go on. Deletes nothing. */
  end(reason: string): Promise<void>;
  /** Tells those who wait for the row that it was tried, and how it went. */
  fail(failure: RenewalFailure, at: Date): Promise<void>;
}

/** Credentials at rest. What is written has the generation it is written under sealed into it. */
export interface CredentialStore {
  read(owner: Owner): Promise<CredentialRow | undefined>;
  /** Replaces what is there, whoever else writes; `decide` sees what it replaces if that still opens. Gives the new generation. */
  replace(owner: Owner, decide: (current: StoredCredential | undefined) => Replacement): Promise<number>;
  /**
   * Holds the row: nobody else, on this node or another, works on this credential meanwhile, for as long as this node's
   * connection to the database lives. A holder that stands still keeps it. Throws `CREDENTIAL_BUSY`.
   */
  renew<T>(owner: Owner, work: (row: CredentialRow | undefined, write: RenewalWriter) => Promise<T>): Promise<T>;
  /** Writes what a renewal got when its own transaction was lost, unless somebody else wrote since. */
  recover(owner: Owner, generation: number, credential: StoredCredential, facts: CredentialFacts): Promise<boolean>;
  /**
   * Connections whose time to be renewed has come, the most urgent first. Each comes up again after a while if nobody renewed
   * it: one that can't be renewed must not stand before the others for ever.
   */
  due(now: Date, limit: number): Promise<readonly (Owner & { readonly generation: number })[]>;
}

export function createPostgresCredentialStore(db: Db, vault: Sealer, audit: AuditTrail): CredentialStore {
  async function read(from: Kysely<Database>, owner: Owner): Promise<CredentialRow | undefined> {
    const row = await from
      .selectFrom('connector.credentials as c')
      .innerJoin('connector.connections as n', 'n.id', 'c.connection_id')
      .select(['c.generation', 'c.sealed', 'c.attempts', 'c.failures', 'c.failure', 'c.failed_at', 'n.status'])
      .where('c.connection_id', '=', owner.id)
      .where('c.tenant_id', '=', owner.tenantId)
      .executeTakeFirst();
    if (!row) return undefined;
    const { generation, sealed, failed_at: failedAt, ...rest } = row;
    const text = await vault.open(contextOf(owner, generation), sealed);
    return { ...rest, generation, failedAt, credential: JSON.parse(text) as StoredCredential };
  }

  function hold(trx: Trx, owner: Owner) {
    return trx
      .selectFrom('connector.credentials')
      .select(['generation', 'sealed'])
      .where('connection_id', '=', owner.id)
      .where('tenant_id', '=', owner.tenantId)
      .forUpdate()
      .executeTakeFirst();
  }

  /** What nobody can open any more may still be replaced. */
  async function openIfPossible(
    owner: Owner,
    { generation, sealed }: { readonly generation: number; readonly sealed: Buffer },
  ): Promise<StoredCredential | undefined> {
    try {
      return JSON.parse(await vault.open(contextOf(owner, generation), sealed)) as StoredCredential;
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'CREDENTIAL_UNREADABLE') return undefined;
      throw error;
    }
  }

  /** Only if nobody wrote since `generation` was read, 0 being none, and for nothing that was deleted. */
  async function write(
    trx: Trx,
    owner: Owner,
    generation: number,
    credential: StoredCredential,
    { expiresAt, renewable, renewAt }: CredentialFacts,
  ): Promise<'written' | 'outrun' | 'gone'> {
    const next = generation + 1;
    const sealed = await vault.seal(contextOf(owner, next), JSON.stringify(credential));
    // Locked, so that a deletion under way is waited for and then seen.
    const { rows: owners } = await sql`select 1 from connector.connections
      where id = ${owner.id} and tenant_id = ${owner.tenantId} and deleted_at is null for no key update`.execute(trx);
    if (owners.length === 0) return 'gone';
    const { rows } = await sql`
      insert into connector.credentials as c
        (connection_id, tenant_id, generation, sealed, expires_at, renewable, renew_at, updated_at)
      values (${owner.id}, ${owner.tenantId}, ${next}, ${sealed}, ${toDate(expiresAt)}, ${renewable}, ${toDate(renewAt)}, now())
      on conflict (connection_id) do update set generation = excluded.generation, sealed = excluded.sealed,
        expires_at = excluded.expires_at, renewable = excluded.renewable, renew_at = excluded.renew_at,
        attempts = c.attempts + 1, failures = 0, failure = null, failed_at = null, updated_at = excluded.updated_at
        where c.generation = ${generation} and c.tenant_id = excluded.tenant_id
      returning 1`.execute(trx);
    return rows.length === 1 ? 'written' : 'outrun';
  }

  async function record(trx: Trx, owner: Owner, entry: Pick<AuditRecord, 'kind' | 'actor' | 'details'>): Promise<void> {
    const { id, tenantId } = owner;
    await sql`select ${audit.append({ tenantId, subject: `connection:${id}`, ...entry })}`.execute(trx);
  }

  async function replaceOnce(
    owner: Owner,
    decide: (current: StoredCredential | undefined) => Replacement,
  ): Promise<number | undefined> {
    return db.transaction().execute(async (trx) => {
      await holdPatiently(trx);
      const held = await hold(trx, owner);
      const {
        credential,
        facts,
        reauth,
        grantedScopes,
        audit: entry,
      } = decide(held && (await openIfPossible(owner, held)));
      const generation = (held?.generation ?? 0) + 1;
      const outcome = await write(trx, owner, generation - 1, credential, facts);
      if (outcome === 'gone') throw unknownConnection(owner.id);
      if (outcome === 'outrun') return undefined;
      const status = reauth === null ? 'ready' : 'reauth_required';
      const scopes = grantedScopes === undefined ? sql`granted_scopes` : sql`${grantedScopes}::text[]`;
      await sql`update connector.connections set granted_scopes = ${scopes}, last_test = null,
          status = case when status = 'disabled' then status else ${status} end,
          enabled_status = case when status = 'disabled' and enabled_status is not null then ${status} else enabled_status end,
          status_reason = case when status = 'disabled' and enabled_status is null then status_reason else ${reauth} end
        where id = ${owner.id} and tenant_id = ${owner.tenantId}`.execute(trx);
      await record(trx, owner, { ...entry, details: { ...entry.details, generation } });
      return generation;
    });
  }

  return {
    read: (owner) => read(db, owner),

    async replace(owner, decide) {
      // Two first ones at once: the slower sees the other's row on its second try, and locks it.
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const generation = await translateBusy(owner, replaceOnce(owner, decide));
        if (generation !== undefined) return generation;
      }
      throw busy(owner);
    },

    renew: (owner, work) =>
      translateBusy(
        owner,
        db.transaction().execute(async (trx) => {
          await holdPatiently(trx);
          await hold(trx, owner);
          // In a statement of its own: one that has waited for a row sees what else there is as it was before.
          const row = await read(trx, owner);
          return work(row, writerOf(trx, owner, row?.generation ?? 0));
        }),
      ),

    recover: (owner, generation, credential, facts) =>
      db.transaction().execute(async (trx) => {
        if ((await write(trx, owner, generation, credential, facts)) !== 'written') return false;
        const details = { auth: credential.auth, generation: generation + 1 };
        await record(trx, owner, { kind: 'credential.renewed', actor: 'system', details });
        return true;
      }),

    async due(now, limit) {
      const { rows } = await sql<Owner & { readonly generation: number }>`
        update connector.credentials set renew_at = ${new Date(now.getTime() + DUE_AGAIN_MS)}
        where connection_id in (
          select c.connection_id from connector.credentials c join connector.connections n on n.id = c.connection_id
          where c.renew_at <= ${now} and n.status = 'ready'
          order by c.renew_at limit ${limit} for update of c skip locked
        )
        returning connection_id as id, tenant_id as "tenantId", generation`.execute(db);
      return rows;
    },
  };

  function writerOf(trx: Trx, owner: Owner, generation: number): RenewalWriter {
    return {
      async requireHeld() {
        await sql`select 1`.execute(trx);
      },
      async save(credential, facts, grantedScopes) {
        // Cannot be while the row is locked; were it so, the winner's must not be overwritten.
        if ((await write(trx, owner, generation, credential, facts)) !== 'written') throw busy(owner);
        await sql`update connector.connections set granted_scopes = ${grantedScopes}::text[]
          where id = ${owner.id} and tenant_id = ${owner.tenantId} and ${grantedScopes !== undefined}
            and granted_scopes is distinct from ${grantedScopes}::text[]`.execute(trx);
        const details = { auth: credential.auth, generation: generation + 1 };
        await record(trx, owner, { kind: 'credential.renewed', actor: 'system', details });
        return generation + 1;
      },
      async end(reason) {
        const entry = {
          tenantId: owner.tenantId,
          kind: 'connection.reauth_required',
          actor: 'system',
          subject: `connection:${owner.id}`,
          details: { reason, generation },
        };
        await sql`
          with ended as (
            update connector.connections
            set status = case when status = 'disabled' then status else 'reauth_required' end,
                status_reason = case when status = 'disabled' and enabled_status is null then status_reason else ${reason} end,
                enabled_status = case when status = 'disabled' and enabled_status is not null then 'reauth_required' else enabled_status end
            where id = ${owner.id} and tenant_id = ${owner.tenantId} and status <> 'reauth_required' returning id
          ), tried as (
            update connector.credentials set attempts = attempts + 1, renew_at = null
            where connection_id = ${owner.id} and tenant_id = ${owner.tenantId}
          )
          select ${audit.append(entry)} from ended`.execute(trx);
      },
      async fail(failure, at) {
        await sql`update connector.credentials set attempts = attempts + 1, failures = failures + 1,
            failure = ${JSON.stringify(failure)}, failed_at = ${at}
          where connection_id = ${owner.id} and tenant_id = ${owner.tenantId}`.execute(trx);
      },
    };
  }
}

/**
 * The lock lives as long as this connection: the server must not end it because the provider is slow or this process stood
 * still, and should find out soon when this machine is gone. Whoever waits for the row gives up after longer than a token
 * request may take.
 */
async function holdPatiently(trx: Trx): Promise<void> {
  await sql`select set_config('lock_timeout', '45s', true), set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('tcp_keepalives_idle', '20', true), set_config('tcp_keepalives_interval', '10', true),
    set_config('tcp_keepalives_count', '3', true)`.execute(trx);
}

async function translateBusy<T>(owner: Owner, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // 55P03: lock_not_available, https://www.postgresql.org/docs/current/errcodes-appendix.html
    if ((error as { code?: unknown } | null)?.code === '55P03') throw busy(owner);
    throw error;
  }
}

function contextOf({ id, tenantId }: Owner, generation: number) {
  return { tenantId, ownerId: id, field: 'credential', generation };
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

function busy({ id }: Owner): RuntimeError {
  return new RuntimeError(
    'CREDENTIAL_BUSY',
    `another node has been renewing the credential of connection ${id} for long; try again, and look at that node if it lasts`,
    { details: { connectionId: id } },
  );
}
