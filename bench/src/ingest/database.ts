import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createLocalWrapper, createVault, Secret, type Store } from '@org/connector-runtime/stages';

export interface SeededEndpoint {
  readonly id: string;
  readonly tenantId: string;
  readonly addressId: string;
  readonly token: string;
  readonly secretId: string;
  readonly secret: string;
}

/** GitHub's scheme, for which the delivery's digest is kept as well: the dearer one to accept. */
const webhook = {
  verification: { scheme: 'github-sha256' },
  contentTypes: ['application/json'],
  deliveryId: { header: 'X-GitHub-Delivery' },
  maxBodyBytes: 1_048_576,
  headers: ['x-github-event'],
};

/** One endpoint of one tenant, sealed as the runtime seals it. */
export async function seedEndpoint({ db }: Store, masterKey: string): Promise<SeededEndpoint> {
  const [tenantId, connectionId, id] = [randomUUID(), randomUUID(), randomUUID()];
  const [addressId, secretId] = [randomUUID(), randomUUID()];
  const [token, secret] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  const digest = `sha256:${createHash('sha256').update(tenantId).digest('hex')}`;
  const vault = createVault({ db, wrappers: [createLocalWrapper(new Secret(masterKey))] });
  const own = { tenant_id: tenantId, workspace_id: tenantId, connector: 'bench' };
  await db.insertInto('connector.tenants').values({ id: tenantId, name: tenantId }).execute();
  await db.insertInto('connector.workspaces').values({ id: tenantId, tenant_id: tenantId, name: 'default' }).execute();
  await db
    .insertInto('connector.artifacts')
    .values({
      digest,
      connector: 'bench',
      version: '1.0.0',
      publisher: 'bench',
      key_ids: [],
      manifest: JSON.stringify({ triggers: { changed: { webhook } } }),
      archive: Buffer.alloc(0),
    })
    .execute();
  await db
    .insertInto('connector.enablements')
    .values({ tenant_id: tenantId, connector: 'bench', digest, enabled_by: 'bench' })
    .execute();
  await db
    .insertInto('connector.connections')
    .values({ id: connectionId, ...own, name: 'main', config: '{}', auth: 'none' })
    .execute();
  await db
    .insertInto('connector.endpoints')
    .values({
      id,
      ...own,
      connection_id: connectionId,
      purpose: 'trigger',
      name: 'changed',
    })
    .execute();
  const part = { tenant_id: tenantId, endpoint_id: id, created_at: new Date(), expires_at: null };
  const tokenHash = createHash('sha256').update(token).digest();
  await db
    .insertInto('connector.endpoint_addresses')
    .values({ id: addressId, ...part, token_hash: tokenHash })
    .execute();
  const sealed = await vault.sealEndpointSecret({ id, tenantId }, new Secret(secret));
  await db
    .insertInto('connector.endpoint_secrets')
    .values({ id: secretId, ...part, sealed })
    .execute();
  return { id, tenantId, addressId, token, secretId, secret };
}
