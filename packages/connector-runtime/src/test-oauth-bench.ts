import { createHash, randomBytes } from 'node:crypto';
import type { Manifest, ManifestAuth } from '@org/connector-sdk';
import pg from 'pg';
import { createAuditTrail } from './audit/index.ts';
import { createCredentials, createTokenHttp } from './credentials/index.ts';
import { literalSecrets } from './credentials/test-literal-secrets.ts';
import { createBroker, resolveAllowedHosts, resolveTemplate } from './egress/index.ts';
import { createOAuthCallback } from './http/oauth-callback.ts';
import { createAuthorizationFlow, createPostgresSessionStore } from './oauth/index.ts';
import { createTestDatabase } from './store/test-database.ts';
import { createTenants } from './tenants/index.ts';
import { tenantManifest } from './tenants/test-tenant.ts';
import { RuntimeError } from './types/errors.ts';
import { silentLog } from './types/log.ts';
import { Secret } from './types/secret.ts';
import type { ResolveSecrets } from './types/secret-reference.ts';
import { createVault } from './vault/index.ts';

export const PUBLIC_URL = 'https://connectors.example';
const by = 'admin:ops';
const draft = 'https://json-schema.org/draft/2020-12/schema' as const;

/** An OAuth connector whose scopes `read` and `write` are `data:read` and `data:write` at the provider. */
export function oauthManifest(auth: Partial<Extract<ManifestAuth, { kind: 'oauth2' }>> = {}): Manifest {
  const action = {
    title: 'An action',
    description: 'An action.',
    effect: 'read',
    risk: 'low',
    reversible: null,
    idempotency: { mode: 'safe', resolve: false },
    timeoutMs: 1000,
    input: { $schema: draft },
    output: { $schema: draft },
  } as const;
  const scope = (name: string) => ({ title: name, description: `${name}.`, provider: [`data:${name}`] });
  const url = { type: 'string' };
  return tenantManifest({
    scopes: { read: scope('read'), write: scope('write'), unused: scope('unused') },
    actions: { look: { ...action, scopes: ['read'] }, change: { ...action, scopes: ['write'] } },
    triggers: {},
    approvalChannels: {},
    connection: {
      ...tenantManifest().connection,
      config: {
        $schema: draft,
        type: 'object',
        properties: { site: url },
        required: ['site'],
        additionalProperties: false,
      },
      auth: {
        oauth: {
          kind: 'oauth2',
          title: 'OAuth',
          grants: ['authorization_code', 'refresh_token'],
          authorizationUrl: '{config.site}/auth',
          tokenUrl: '{config.site}/token',
          clientAuthentication: 'post',
          ...auth,
        },
      },
    },
  });
}

/** What a browser gets to see. */
export interface SeenPage {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type OAuthBench = Awaited<ReturnType<typeof createOAuthBench>>;

/** Tenants, credentials, flow and callback over a real database and the real broker; the clock moves when told. */
export async function createOAuthBench(options: { test?: () => Promise<{ account: string }> } = {}) {
  const database = await createTestDatabase();
  const { db, store } = database;
  const time = { now: Date.parse('2026-11-22T12:00:00Z') };
  const clock = { now: () => time.now };
  const audit = createAuditTrail({ db, clock });
  const vault = createVault({ db, masterKey: new Secret(randomBytes(32).toString('base64')) });
  const secrets = new Set<string>();
  const manifests = new Map<string, Manifest>();
  const closers: (() => Promise<void>)[] = [() => database.close()];

  /** Another one is another node. */
  function newNode(over: { readonly resolveSecrets?: ResolveSecrets } = {}) {
    const broker = createBroker({ clock, log: silentLog, allowedPrivate: ['127.0.0.1'] });
    closers.unshift(() => broker.stop());
    const directory = {
      connection: (tenantId: string, id: string) => tenants.connection(tenantId, id),
      enabled: (tenantId: string, connector: string) => tenants.enabled(tenantId, connector),
    };
    const credentials = createCredentials({
      ...{ db, vault, audit, clock, connections: directory, log: silentLog },
      tokenHttp: createTokenHttp(broker, { resolveTemplate, resolveAllowedHosts }),
      callAuth: () => Promise.reject(new Error('not here')),
      ...literalSecrets,
      ...over,
      scrubber: { register: (value) => void secrets.add(value), unregister: () => {} },
    });
    const tenants = createTenants({
      ...{ store, clock, audit, credentials, vault },
      artifacts: {
        async open(digest) {
          const manifest = manifests.get(digest);
          if (!manifest) throw new RuntimeError('ARTIFACT_UNKNOWN', `there is no artifact ${digest}`);
          return { digest, manifest };
        },
      },
      endpointSecrets: { generate: () => 'x'.repeat(32), require: () => undefined },
      policies: { validate: () => [], forget: () => undefined },
      test: options.test ?? (async () => ({ account: 'someone' })),
    });
    const flow = createAuthorizationFlow({
      ...{ sessions: createPostgresSessionStore(db, audit), grants: credentials, connections: tenants, vault },
      ...{ publicUrl: PUBLIC_URL, audit, clock, log: silentLog },
    });
    const callback = createOAuthCallback(flow, silentLog);
    return {
      ...{ credentials, tenants, flow },
      /** What a browser that is sent there gets to see. */
      async open(url: URL | string, cookie?: string): Promise<SeenPage> {
        const { pathname, search } = new URL(url);
        const answer = await callback.request(`${pathname.replace('/oauth/callback', '') || '/'}${search}`, {
          headers: cookie === undefined ? {} : { cookie },
        });
        return { status: answer.status, text: await answer.text(), headers: Object.fromEntries(answer.headers) };
      },
    };
  }

  const owner = new pg.Client({ connectionString: store.url.reveal() });
  await owner.connect();
  closers.unshift(() => owner.end());
  const node = newNode();
  return {
    ...node,
    ...{ db, time, secrets, newNode, by },
    async seed(name: string, manifest: Manifest) {
      const text = JSON.stringify(manifest);
      const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
      manifests.set(digest, manifest);
      const { id: connector, version, publisher } = manifest;
      await db
        .insertInto('connector.artifacts')
        .values({ digest, connector, version, publisher, key_ids: [], manifest: text, archive: Buffer.alloc(0) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const tenant = await node.tenants.createTenant({ name, by });
      await node.tenants.enable(tenant.id, digest, by);
      const place = { tenantId: tenant.id, workspaceId: tenant.workspaceId, connector };
      return {
        tenantId: tenant.id,
        connect: (site: string, given: Record<string, string>, more: { name?: string; auth?: string } = {}) =>
          node.tenants.createConnection({
            ...place,
            name: 'main',
            auth: 'oauth',
            config: { site },
            secrets: given,
            by,
            ...more,
          }),
      };
    },
    async audited(tenantId: string) {
      const rows = await db
        .selectFrom('connector.audit_entries')
        .select(['kind', 'body'])
        .where('tenant_id', '=', tenantId)
        .orderBy('seq')
        .execute();
      return rows.map(({ kind, body }) => ({ kind, ...(JSON.parse(body) as { details: Record<string, unknown> }) }));
    },
    /** Until as many sessions of the database wait for a row. */
    async whenWaiting(sessions: number): Promise<void> {
      for (;;) {
        const { rows } = await owner.query<{ n: number }>(
          "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        if ((rows[0]?.n ?? 0) >= sessions) return;
      }
    },
    /** What a crash or a fail-over of the database does to whoever is between two statements of a transaction. */
    async cutTransactions(): Promise<void> {
      await owner.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'",
      );
    },
    async close() {
      for (const close of closers) await close();
    },
  };
}
