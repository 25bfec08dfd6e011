import { createHash } from 'node:crypto';
import type { Manifest, ManifestReception } from '@org/connector-sdk';
import { createAuditTrail } from '../audit/index.ts';
import { generateEndpointSecret, requireUsableSecret } from '../ingress/endpoint-secret.ts';
import type { Clock } from '../types/clock.ts';
import type { EndpointPurpose } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import type { SecretValue } from '../types/secret-reference.ts';
import type { TenantStore } from './ports.ts';
import { createTenants, type Tenants } from './tenants.ts';

const draft = 'https://json-schema.org/draft/2020-12/schema' as const;

const githubReception: ManifestReception = {
  verification: { scheme: 'github-sha256' },
  contentTypes: ['application/json'],
  deliveryId: { header: 'X-GitHub-Delivery' },
  handshake: { kind: 'header-value', header: 'X-GitHub-Event', value: 'ping' },
  maxBodyBytes: 1_048_576,
  headers: ['x-github-event'],
};

/** A connector with one webhook trigger `changed`, one polling-only trigger, and one approval channel `chat`. */
export function tenantManifest(over: Partial<Manifest> = {}): Manifest {
  const named = { title: 'A title', description: 'A description.', scopes: [] };
  return {
    $schema: 'urn:org:connector-manifest:v1',
    manifestVersion: 1,
    id: 'sample',
    version: '1.0.0',
    publisher: 'acme',
    title: 'Sample',
    description: 'A sample.',
    engines: { runtime: '>=0.0.0' },
    scopes: {},
    connection: {
      config: {
        $schema: draft,
        type: 'object',
        properties: { site: { type: 'string' } },
        required: ['site'],
        additionalProperties: false,
      },
      auth: { token: { kind: 'api_key', title: 'Token', header: 'X-Key' } },
      allowedHosts: ['sample.example'],
      baseUrl: 'https://sample.example',
      rateLimit: { requestsPerMinute: 60, concurrency: 4 },
    },
    actions: {},
    triggers: {
      changed: { ...named, event: { $schema: draft }, webhook: githubReception },
      polled: { ...named, event: { $schema: draft }, polling: { intervalSeconds: 60, overlapSeconds: 0 } },
    },
    approvalChannels: {
      chat: {
        ...named,
        target: { $schema: draft, type: 'object', properties: { room: { type: 'string' } }, required: ['room'] },
        interaction: githubReception,
      },
    },
    ...over,
  };
}

export interface TestTenants {
  readonly tenants: Tenants;
  /** Stores the manifest as an artifact; returns its digest. */
  addArtifact(manifest: Manifest): Promise<string>;
  openArtifact(digest: string): Promise<{ readonly digest: string; readonly manifest: Manifest }>;
  /** A tenant with the connector enabled, one connection, one endpoint. */
  seed(name: string, over?: { purpose?: EndpointPurpose; manifest?: Manifest }): Promise<Seeded>;
  /** What was given to be sealed, by connection. */
  readonly credentials: Map<string, Readonly<Record<string, SecretValue>>>;
  /** Opens what the stand-in for the vault sealed. */
  openEndpointSecret(endpoint: object, sealed: Buffer): Promise<Secret>;
}

export interface Seeded {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly endpointId: string;
  readonly token: string;
  readonly secret: string;
}

/** Tenants over a real database; vault and credentials are stand-ins that keep what they are given. */
export function createTestTenants(
  store: TenantStore,
  clock: Clock,
  hooks: { storeCredential?: () => Promise<void>; test?: () => Promise<{ account: string }> } = {},
): TestTenants {
  const credentials = new Map<string, Readonly<Record<string, SecretValue>>>();
  const tenants = createTenants({
    store,
    clock,
    audit: createAuditTrail({ db: store.db, clock }),
    artifacts: { open: openArtifact },
    credentials: {
      async store(connection, _auth, secrets) {
        await hooks.storeCredential?.();
        credentials.set(connection.id, secrets);
        return { authorized: secrets.unauthorized === undefined };
      },
      revoke: async () => 'not-offered',
      forget: () => undefined,
    },
    vault: { sealEndpointSecret: async (_endpoint, secret) => Buffer.from(secret.reveal()).reverse() },
    test: hooks.test ?? (async () => ({ account: 'someone' })),
    endpointSecrets: { generate: generateEndpointSecret, require: requireUsableSecret },
    policies: {
      validate({ tenant, workspace }) {
        const text = `${tenant ?? ''}${workspace ?? ''}`;
        if (text.includes('broken')) throw new RuntimeError('POLICY_INVALID', 'the policy is broken');
        return text.includes('idle') ? [{ policyId: 'idle', message: 'can never apply' }] : [];
      },
      forget: () => undefined,
    },
  });

  async function openArtifact(digest: string) {
    const row = await store.db
      .selectFrom('connector.artifacts')
      .select(['digest', 'manifest'])
      .where('digest', '=', digest)
      .executeTakeFirst();
    if (row === undefined) throw new RuntimeError('ARTIFACT_UNKNOWN', `there is no artifact ${digest}`);
    return row;
  }

  async function addArtifact(manifest: Manifest): Promise<string> {
    const text = JSON.stringify(manifest);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const { id: connector, version, publisher } = manifest;
    await store.db
      .insertInto('connector.artifacts')
      .values({ digest, connector, version, publisher, key_ids: [], manifest: text, archive: Buffer.alloc(0) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return digest;
  }

  return {
    tenants,
    credentials,
    addArtifact,
    openEndpointSecret: async (_endpoint, sealed) => new Secret(Buffer.from(sealed).reverse().toString()),
    openArtifact,
    async seed(name, over = {}) {
      const purpose: EndpointPurpose = over.purpose ?? { kind: 'trigger', name: 'changed' };
      const manifest = over.manifest ?? tenantManifest();
      const by = 'admin:test';
      const { id: tenantId, workspaceId } = await tenants.createTenant({ name, by });
      await tenants.enable(tenantId, await addArtifact(manifest), by);
      const connection = await tenants.createConnection({
        tenantId,
        workspaceId,
        name: 'main',
        connector: manifest.id,
        config: { site: 'a' },
        auth: 'token',
        secrets: { key: 'k' },
        by,
      });
      const { endpointId, token, secret } = await tenants.createEndpoint({
        tenantId,
        connectionId: connection.id,
        purpose,
        by,
      });
      return {
        tenantId,
        workspaceId,
        connectionId: connection.id,
        endpointId,
        token: token.reveal(),
        secret: secret.reveal(),
      };
    },
  };
}
