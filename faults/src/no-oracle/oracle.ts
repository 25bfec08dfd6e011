import {
  createAuditTrail,
  createIngress,
  createLocalWrapper,
  createPostgresDeliveryStore,
  createPostgresEndpointStore,
  createRefusalLedger,
  createVault,
  createWebhookApp,
  openStore,
  Secret,
  silentLog,
  startHttpServer,
  systemClock,
} from '@org/connector-runtime/stages';
import type { OracleJob } from './job.ts';
import type { Refused } from './refusals.ts';

/** Longer than the default, and than this machine's database ever takes: what is compared is not how busy it is. */
const PACE_MS = 150;

export interface Oracle {
  /** The whole way, as an embedding server calls it. */
  answer(refused: Refused, body: Buffer): Promise<unknown>;
  /** The decision alone. */
  receive(refused: Refused, body: Buffer): Promise<unknown>;
  readonly port: number;
  close(): Promise<void>;
}

export async function openOracle({ databaseUrl, masterKey }: OracleJob): Promise<Oracle> {
  const store = await openStore({ databaseUrl }, silentLog);
  const { db } = store;
  const clock = systemClock;
  const refusals = createRefusalLedger({ audit: createAuditTrail({ db, clock }), clock, log: silentLog });
  const ingress = createIngress({
    endpoints: createPostgresEndpointStore({
      db,
      secrets: createVault({ db, wrappers: [createLocalWrapper(new Secret(masterKey))] }),
      clock,
    }),
    deliveries: createPostgresDeliveryStore(store.run),
    refusals,
    databaseTimeoutMs: 60_000,
    clock,
    log: silentLog,
  });
  const app = createWebhookApp({ ingress, clock, log: silentLog, limits: { refusalPaceMs: PACE_MS } });
  const options = { port: 0, host: '127.0.0.1', http: { http2: false }, limits: { connections: {} } };
  const server = await startHttpServer(options, (request, env) => app.fetch(request, env));
  return {
    port: server.port,
    async answer({ token, headers }, body) {
      const response = await app.fetch(new Request(`http://x/${token}`, { method: 'POST', headers, body }));
      return response.text();
    },
    receive: ({ token, headers }, body) =>
      ingress.receive({ endpointToken: token, headers: Object.entries(headers), body, receivedAt: clock.now() }),
    async close() {
      await server.close(0);
      await refusals.flush();
      await store.close();
    },
  };
}
