import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime, parseRuntimeOptions, type Runtime } from '@org/connector-runtime';

const BY = 'admin:fault';

/** A runtime on a database of its own, with one tenant, whose trust policy the test writes. */
export interface TestDeployment {
  /** With the next serial, if it is an object without one. `undefined` removes the file. */
  writeTrust(content: object | string | undefined): Promise<void>;
  add(archive: Uint8Array): Promise<{ readonly digest: string }>;
  enable(digest: string): Promise<unknown>;
  /** What every call asks first; rejects with the refusal. */
  enabled(connector: string): Promise<unknown>;
  /** Another runtime on the same database: nothing that was in memory is left. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function openTestDeployment(): Promise<TestDeployment> {
  const folder = await mkdtemp(join(tmpdir(), 'trust-fault-'));
  // The embedded database runs as another user when this is root.
  await chmod(folder, 0o711);
  const trustFile = join(folder, 'trust.json');
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1:1',
    database: { dataDir: './data' },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: randomBytes(32).toString('base64url') },
    trust: trustFile,
    workflows: [],
    log: { level: 'silent' },
  };
  const start = async (): Promise<Runtime> => {
    const started = await createRuntime(parseRuntimeOptions(config, join(folder, 'runtime.config.mjs')));
    await started.start();
    return started;
  };
  let serial = 1;
  let runtime = await start();
  const { id: tenantId } = await runtime.admin.tenants.createTenant({ name: 'acme', by: BY });

  return {
    async writeTrust(content) {
      await rm(trustFile, { force: true });
      if (content === undefined) return;
      serial += 1;
      await writeFile(trustFile, typeof content === 'string' ? content : JSON.stringify({ serial, ...content }));
    },
    add: async (archive) => (await runtime.admin.artifacts.add(archive, BY)) as { digest: string },
    enable: (digest) => runtime.admin.tenants.enable(tenantId, digest, BY),
    enabled: (connector) => runtime.admin.tenants.enabled(tenantId, connector),
    async restart() {
      await runtime.stop();
      runtime = await start();
    },
    async close() {
      await runtime.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
