import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';

const cli = fileURLToPath(new URL('./cli.js', import.meta.resolve('@org/connector-runtime')));
const config = fileURLToPath(new URL('../connector-runtime.config.ts', import.meta.url));

export interface RuntimeReady {
  readonly ready: true;
  readonly url: string;
  readonly pid: number;
}

export interface RuntimeSettings {
  readonly port: number;
  readonly dataDir: string;
  readonly trustFile: string;
  readonly owner: string;
  readonly repo: string;
  readonly channel: string;
  readonly logFile: string;
}

/** One runtime that can be killed and started again: same port, same data, same keys. */
export interface RuntimeProcess {
  readonly url: string;
  readonly adminToken: string;
  readonly masterKey: string;
  /** Of the process that runs now; 0 when none does. */
  pid(): number;
  /** Its database, as an operator with access to its files would open it. */
  databaseUrl(): Promise<string>;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export function createRuntimeProcess(settings: RuntimeSettings): RuntimeProcess {
  const adminToken = randomBytes(32).toString('base64url');
  const masterKey = randomBytes(32).toString('base64');
  const url = `http://127.0.0.1:${settings.port}`;
  let child: Child<RuntimeReady> | undefined;
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
    TRIAGE_PORT: String(settings.port),
    TRIAGE_PUBLIC_URL: url,
    TRIAGE_DATA_DIR: settings.dataDir,
    TRIAGE_MASTER_KEY: masterKey,
    TRIAGE_ADMIN_TOKEN: adminToken,
    TRIAGE_TRUST_FILE: settings.trustFile,
    TRIAGE_GITHUB_OWNER: settings.owner,
    TRIAGE_GITHUB_REPO: settings.repo,
    TRIAGE_SLACK_CHANNEL: settings.channel,
  };
  return {
    url,
    adminToken,
    masterKey,
    pid: () => child?.pid ?? 0,
    databaseUrl: () => readDatabaseUrl(settings.dataDir),
    async start() {
      child = await startChild<RuntimeReady>({
        name: 'the runtime',
        command: process.execPath,
        args: [cli, 'serve', '--config', config, '--json'],
        env,
        logFile: settings.logFile,
      });
    },
    kill: async () => child?.stop('SIGKILL'),
    stop: async () => child?.stop('SIGTERM'),
  };
}

async function readDatabaseUrl(dataDir: string): Promise<string> {
  if (process.env.DATABASE_URL) return process.env.DATABASE_URL;
  const password = (await readFile(join(dataDir, 'password'), 'utf8')).trim();
  const port = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[3];
  return `postgres://connector:${password}@127.0.0.1:${port}/connector`;
}

/** A port nobody listens on now. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}
