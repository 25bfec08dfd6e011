import { createHash } from 'node:crypto';
import type { Manifest } from '@org/connector-sdk';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Enablements } from './enablements.ts';
import type { PolicyWarning, TenantPorts } from './ports.ts';

/** A text that is a tenant's, or one workspace's. */
export interface PolicyScope {
  readonly tenantId: string;
  readonly workspaceId?: string | undefined;
}

export interface PolicyVersion {
  /** 1, 2, 3 …, by scope. */
  readonly version: number;
  /** Cedar. */
  readonly text: string;
  /** `sha256:<hex>` of the text. */
  readonly textDigest: string;
  readonly setBy: string;
  readonly setAt: Date;
  /** The version whose text this one has again. */
  readonly restores: number | null;
}

export interface WrittenPolicy extends PolicyVersion {
  readonly warnings: readonly PolicyWarning[];
}

interface Writing extends PolicyScope {
  /** What the writer has seen last, 0 for none: the write is refused if it is not the newest any more. */
  readonly expectedVersion?: number | undefined;
  readonly by: string;
}

/** What decides in a workspace, beside the defaults. A version is 0 where there is no text. */
export interface TextsInForce {
  readonly tenant: string | undefined;
  readonly tenantVersion: number;
  readonly workspace: string | undefined;
  readonly workspaceVersion: number;
}

export interface TenantPolicies {
  /** A new version; the old ones stay. Throws `POLICY_INVALID` | `POLICY_CONFLICT` | `TENANT_UNKNOWN` | `WORKSPACE_UNKNOWN`. */
  setPolicy(request: Writing & { readonly text: string }): Promise<WrittenPolicy>;
  /** The text of an older version, as a new one, checked like any. Throws also `POLICY_VERSION_UNKNOWN`. */
  rollbackPolicy(request: Writing & { readonly version: number }): Promise<WrittenPolicy>;
  /** The newest; undefined when there is none. Throws `POLICY_VERSION_UNKNOWN` for a version that there is none of. */
  policy(scope: PolicyScope, version?: number): Promise<PolicyVersion | undefined>;
  /** Newest first, those before a version. */
  policyHistory(
    scope: PolicyScope,
    page: { readonly limit: number; readonly before?: number | undefined },
  ): Promise<readonly PolicyVersion[]>;
  /** As `setPolicy` would check it; nothing is stored. Throws `POLICY_INVALID`. */
  validatePolicy(scope: PolicyScope & { readonly text: string }): Promise<readonly PolicyWarning[]>;
  /** What the newest texts have against the connectors that are enabled now: what no longer fits is a warning here. */
  policyWarnings(tenantId: string): Promise<readonly PolicyWarning[]>;
  /** In one statement: each decision may need it. */
  policyTexts(tenantId: string, workspaceId: string): Promise<TextsInForce>;
}

export function createTenantPolicies(
  { store, audit, policies, clock }: TenantPorts,
  enablements: Enablements,
): TenantPolicies {
  const check = (workspaceId: string | undefined, text: string, manifests: readonly Manifest[]) =>
    policies.validate(workspaceId === undefined ? { tenant: text } : { workspace: text }, manifests);

  async function write(
    { tenantId, workspaceId, expectedVersion, by }: Writing,
    textOf: (trx: Transaction<Database>) => Promise<{ readonly text: string; readonly restores: number | null }>,
  ): Promise<WrittenPolicy> {
    const manifests = await enablements.manifests(tenantId);
    const written = await store.withTenant(tenantId, async (trx) => {
      // One writer per tenant at a time: versions have neither gaps nor clashes.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`connector.policy ${tenantId}`}, 0))`.execute(trx);
      const { text, restores } = await textOf(trx);
      const warnings = await check(workspaceId, text, manifests);
      const before = await newest(trx, { tenantId, workspaceId });
      const current = before?.version ?? 0;
      if (expectedVersion !== undefined && expectedVersion !== current) {
        throw new RuntimeError(
          'POLICY_CONFLICT',
          `the policy is at version ${current} now, not ${expectedVersion}: read it, and write again`,
          { details: { version: current } },
        );
      }
      const version = current + 1;
      const setAt = new Date(clock.now());
      await insert(trx, { tenantId, workspaceId, version, text, restores, by, setAt });
      const textDigest = digestOf(text);
      const place = workspaceId === undefined ? '' : `:workspace:${workspaceId}`;
      const record = {
        tenantId,
        kind: restores === null ? 'policy.set' : 'policy.rolled_back',
        actor: by,
        subject: `policy:${version}${place}`,
        details: {
          version,
          workspaceId: workspaceId ?? null,
          restores,
          textDigest,
          previousDigest: before === undefined ? null : digestOf(before.text),
        },
      };
      await sql`select ${audit.append(record)}`.execute(trx);
      return { version, text, textDigest, setBy: by, setAt, restores, warnings };
    });
    policies.forget(tenantId);
    return written;
  }

  return {
    setPolicy: ({ text, ...writing }) => write(writing, async () => ({ text, restores: null })),

    rollbackPolicy: ({ version, ...writing }) =>
      write(writing, async (trx) => ({ text: (await one(trx, writing, version)).text, restores: version })),

    async policy(scope, version) {
      const row = version === undefined ? await newest(store.db, scope) : await one(store.db, scope, version);
      return row && shown(row);
    },

    async policyHistory(scope, { limit, before }) {
      const rows = await versions(store.db, scope)
        .$if(before !== undefined, (query) => query.where('version', '<', before ?? 0))
        .limit(limit)
        .execute();
      return rows.map(shown);
    },

    async validatePolicy({ tenantId, workspaceId, text }) {
      return check(workspaceId, text, await enablements.manifests(tenantId));
    },

    async policyWarnings(tenantId) {
      const { rows } = await sql<{ workspace_id: string | null; text: string }>`
        select distinct on (workspace_id) workspace_id, text from connector.policies where tenant_id = ${tenantId}
        order by workspace_id, version desc`.execute(store.db);
      const manifests = await enablements.manifests(tenantId);
      const found: PolicyWarning[] = [];
      for (const { workspace_id, text } of rows) {
        try {
          found.push(...(await check(workspace_id ?? undefined, text, manifests)));
        } catch (error) {
          if (!(error instanceof RuntimeError) || error.code !== 'POLICY_INVALID') throw error;
          const whose = workspace_id === null ? "the tenant's policy" : `the policy of workspace ${workspace_id}`;
          found.push({ policyId: '', message: `${whose} no longer fits what is enabled: ${error.message}` });
        }
      }
      return found;
    },

    async policyTexts(tenantId, workspaceId) {
      const { rows } = await sql<{ workspace_id: string | null; version: number; text: string }>`
        select distinct on (workspace_id) workspace_id, version, text from connector.policies
        where tenant_id = ${tenantId} and (workspace_id is null or workspace_id = ${workspaceId})
        order by workspace_id, version desc`.execute(store.db);
      const tenant = rows.find(({ workspace_id }) => workspace_id === null);
      const workspace = rows.find(({ workspace_id }) => workspace_id !== null);
      return {
        tenant: tenant?.text,
        tenantVersion: tenant?.version ?? 0,
        workspace: workspace?.text,
        workspaceVersion: workspace?.version ?? 0,
      };
    },
  };
}

type Reader = TenantPorts['store']['db'] | Transaction<Database>;

function versions(db: Reader, { tenantId, workspaceId }: PolicyScope) {
  return db
    .selectFrom('connector.policies')
    .select(['version', 'text', 'created_by', 'created_at', 'restores'])
    .where('tenant_id', '=', tenantId)
    .where('workspace_id', 'is not distinct from', workspaceId ?? null)
    .orderBy('version', 'desc');
}

const newest = (db: Reader, scope: PolicyScope) => versions(db, scope).limit(1).executeTakeFirst();

async function one(db: Reader, scope: PolicyScope, version: number) {
  const row = await versions(db, scope).where('version', '=', version).executeTakeFirst();
  if (row !== undefined) return row;
  throw new RuntimeError('POLICY_VERSION_UNKNOWN', `there is no version ${version} of this policy: see its history`);
}

interface NewVersion extends PolicyScope {
  readonly version: number;
  readonly text: string;
  readonly restores: number | null;
  readonly by: string;
  readonly setAt: Date;
}

/** Where the tenant or the workspace is not there, no row is. */
async function insert(trx: Transaction<Database>, row: NewVersion): Promise<void> {
  const { tenantId, workspaceId, version, text, restores, by, setAt } = row;
  const scope =
    workspaceId === undefined
      ? sql`select id, null::uuid as workspace_id from connector.tenants where id = ${tenantId}`
      : sql`select tenant_id, id from connector.workspaces where tenant_id = ${tenantId} and id = ${workspaceId}`;
  const { rows } = await sql`
    insert into connector.policies (tenant_id, workspace_id, version, text, created_by, created_at, restores)
    select tenant_id, workspace_id, ${version}::int, ${text}::text, ${by}::text, ${setAt}::timestamptz, ${restores}::int
    from (${scope}) as scope (tenant_id, workspace_id)
    returning version`.execute(trx);
  if (rows.length > 0) return;
  if (workspaceId === undefined) throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
  throw new RuntimeError('WORKSPACE_UNKNOWN', `there is no workspace ${workspaceId} here`);
}

function shown(row: NonNullable<Awaited<ReturnType<typeof newest>>>): PolicyVersion {
  const { version, text, created_by: setBy, created_at: setAt, restores } = row;
  return { version, text, textDigest: digestOf(text), setBy, setAt, restores };
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
