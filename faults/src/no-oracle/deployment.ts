import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRuntime, parseRuntimeOptions } from '@org/connector-runtime';
import { openStore, silentLog } from '@org/connector-runtime/stages';
import { signForTest } from '../tamper/test-release.ts';
import type { SeededEndpoint } from './job.ts';

const artifact = fileURLToPath(new URL('artifact/', import.meta.resolve('@org/connector-servicenow/package.json')));
const by = 'admin:fault';

export interface Deployment {
  readonly databaseUrl: string;
  readonly masterKey: string;
  readonly known: SeededEndpoint;
  readonly disabled: SeededEndpoint;
  readonly expired: SeededEndpoint;
  close(): Promise<void>;
}

/** A real Postgres with two endpoints of the ServiceNow connector, made as an administrator makes them. */
export async function openDeployment(): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'no-oracle-'));
  // The embedded database runs as another user when this is root.
  await chmod(folder, 0o711);
  const store = await openStore({ dataDir: join(folder, 'data') }, silentLog);
  const masterKey = randomBytes(32).toString('base64');
  const release = await signForTest(artifact);
  await writeFile(join(folder, 'trust.json'), release.trustFile);
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1:1',
    database: { url: store.url.reveal() },
    masterKey,
    admin: { token: randomBytes(32).toString('base64url') },
    trust: join(folder, 'trust.json'),
    workflows: [],
    log: { level: 'silent' },
  };
  const runtime = await createRuntime(parseRuntimeOptions(config, join(folder, 'runtime.config.mjs')));
  const { tenants, artifacts } = runtime.admin;
  const { id: tenantId, workspaceId } = await tenants.createTenant({ name: 'acme', by });
  const { digest } = (await artifacts.add(release.tgz, by)) as { digest: string };
  await tenants.enable(tenantId, digest, by);
  const { id: connectionId } = await tenants.createConnection({
    tenantId,
    workspaceId,
    name: 'main',
    connector: 'servicenow',
    config: { instanceUrl: 'https://example.service-now.com' },
    auth: 'basic',
    secrets: { username: 'u', password: randomBytes(16).toString('hex') },
    by,
  });
  const create = async () => {
    const purpose = { kind: 'trigger', name: 'incident-changed' } as const;
    const { endpointId, token, secret } = await tenants.createEndpoint({ tenantId, connectionId, purpose, by });
    return { endpointId, token: token.reveal(), secret: secret.reveal() };
  };
  const [known, disabled, expired] = [await create(), await create(), await create()];
  await tenants.disableEndpoint({ tenantId, endpointId: disabled.endpointId, by });
  await tenants.rotateAddress({ tenantId, endpointId: expired.endpointId, overlapSeconds: 0, by });
  await runtime.stop();
  return {
    databaseUrl: store.url.reveal(),
    masterKey,
    known,
    disabled,
    expired,
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
