import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../incident-triage/src/child.ts';
import { findFreePort } from '../../incident-triage/src/runtime-process.ts';

const cli = fileURLToPath(new URL('./cli.js', import.meta.resolve('@org/connector-runtime')));
const config = fileURLToPath(new URL('../runtime.config.ts', import.meta.url));

/** Processes with one config, which differ in their port alone. */
export interface Nodes {
  readonly origins: readonly string[];
  readonly adminToken: string;
  /** `publicUrl` is the proxy's, which has to be there first. */
  start(publicUrl: string): Promise<void>;
  /** As a deploy does: told to stop, waited for, started anew on its port. */
  restart(origin: string): Promise<void>;
  stop(): Promise<void>;
}

export async function createNodes(count: number, folder: string, databaseUrl: string): Promise<Nodes> {
  const ports = await Promise.all(Array.from({ length: count }, findFreePort));
  const adminToken = randomBytes(32).toString('base64url');
  const masterKey = randomBytes(32).toString('base64');
  const running = new Map<string, Child<unknown>>();
  let address = '';

  async function startOne(origin: string): Promise<void> {
    const child = await startChild({
      name: origin,
      command: process.execPath,
      args: [cli, 'serve', '--config', config, '--json'],
      env: {
        PATH: process.env.PATH ?? '',
        NODE_PORT: new URL(origin).port,
        PUBLIC_URL: address,
        DATABASE_URL: databaseUrl,
        MASTER_KEY: masterKey,
        ADMIN_TOKEN: adminToken,
        TRUST_FILE: join(folder, 'trust.json'),
        CONNECTOR_FILE: join(folder, 'servicenow.tgz'),
      },
      logFile: join(folder, 'nodes.log'),
    });
    running.set(origin, child);
  }

  const origins = ports.map((port) => `http://127.0.0.1:${port}`);
  return {
    origins,
    adminToken,
    async start(publicUrl) {
      address = publicUrl;
      for (const origin of origins) await startOne(origin);
    },
    async restart(origin) {
      await running.get(origin)?.stop('SIGTERM');
      await startOne(origin);
    },
    async stop() {
      await Promise.all([...running.values()].map((child) => child.stop('SIGTERM')));
    },
  };
}
