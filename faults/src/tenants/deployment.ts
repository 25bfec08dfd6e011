import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packArtifact } from '@org/connector-artifact';
import { createRuntime, parseRuntimeOptions, type Runtime } from '@org/connector-runtime';
import {
  type AdminApp,
  createAdminApp,
  createApiTokens,
  createAuditTrail,
  openStore,
  Secret,
  type Store,
  silentLog,
  systemClock,
} from '@org/connector-runtime/stages';
import {
  newSigner,
  signedProbe,
  trustBytes,
} from '../../../packages/connector-runtime/e2e/probe-connector/signed-probe.ts';

/** What was asked for, below `/admin/v1`. */
export interface Ask {
  readonly method: string;
  /** As it is sent, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly token: string;
}

/** How tenants are kept apart: as built, or with one check taken out. */
export type Build = 'as-built' | 'token-without-tenant' | 'port-without-tenant';

/** A runtime with its database, in this process: its admin API as built, and the same ports behind a broken one. */
export interface Deployment {
  readonly runtime: Runtime;
  readonly store: Store;
  readonly rootToken: string;
  readonly saasUrl: string;
  readonly digest: string;
  ask(request: Ask, build?: Build): Promise<Response>;
  /** Where the broken port always looks. */
  breakTo(tenantId: string): void;
  close(): Promise<void>;
}

/** Keeps what it is told, as a run's result. */
const note = {
  name: 'note',
  on: 'probe.happened',
  run: async ({ event }: { readonly event: unknown }) => ({ noted: event }),
};

export async function openDeployment(): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'tenants-fault-'));
  // The embedded database runs as another user when this is root.
  await chmod(folder, 0o711);
  const signer = newSigner();
  await writeFile(join(folder, 'trust.json'), trustBytes(signer));
  await writeFile(join(folder, 'probe.tgz'), packArtifact(await signedProbe(signer)));
  const rootToken = randomBytes(32).toString('base64url');
  const saas = await serveSaas();
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1:1',
    database: { dataDir: './data' },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: rootToken },
    trust: './trust.json',
    workflows: [note],
    artifacts: ['./probe.tgz'],
    egress: { allowPrivate: ['127.0.0.1'] },
    log: { level: 'silent' },
  };
  const options = parseRuntimeOptions(config, join(folder, 'runtime.config.mjs'));
  const runtime = await createRuntime(options);
  await runtime.start();
  const store = await openStore({ dataDir: join(folder, 'data'), exclusive: false }, silentLog);
  const [artifact] = (await runtime.admin.artifacts.list()) as { readonly digest: string }[];
  let target = '';
  const broken = createBrokenApps({ runtime, store, rootToken }, () => target);

  return {
    runtime,
    store,
    rootToken,
    saasUrl: saas.url,
    digest: artifact?.digest ?? '',
    async ask({ method, path, body, token }, build = 'as-built') {
      const prefix = build === 'as-built' ? '/admin/v1' : '';
      const request = new Request(`http://127.0.0.1:1${prefix}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return build === 'as-built' ? runtime.fetch(request) : broken[build].fetch(request);
    },
    breakTo(tenantId) {
      target = tenantId;
    },
    async close() {
      await store.close();
      await runtime.stop();
      saas.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function createBrokenApps(
  { runtime, store, rootToken }: Pick<Deployment, 'runtime' | 'store' | 'rootToken'>,
  target: () => string,
): Record<Exclude<Build, 'as-built'>, AdminApp> {
  const { admin } = runtime;
  const audit = createAuditTrail({ db: store.db, clock: systemClock });
  const holders = createApiTokens({ store, audit, clock: systemClock, log: silentLog, reserved: [] });
  const rest = {
    tokens: [{ name: 'root', token: new Secret(rootToken) }],
    publicUrl: 'http://127.0.0.1:1',
    refusals: { count: () => undefined },
    clientAddress: () => undefined,
  };
  return {
    'token-without-tenant': createAdminApp(
      {
        ...admin,
        ...rest,
        holders: {
          async holderOf(token) {
            const holder = await holders.holderOf(token);
            return holder && { ...holder, tenantId: undefined };
          },
        },
      },
      silentLog,
    ),
    'port-without-tenant': createAdminApp(
      {
        ...admin,
        ...rest,
        holders,
        tenants: { ...admin.tenants, policy: () => admin.tenants.policy({ tenantId: target() }) },
      },
      silentLog,
    ),
  };
}

function serveSaas(): Promise<{ readonly url: string; close(): void }> {
  const server: Server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"name":"someone"}');
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close() {
          server.closeAllConnections();
          server.close();
        },
      }),
    );
  });
}
