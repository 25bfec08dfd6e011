import { deriveManifest, type Manifest } from '@org/connector-sdk';
import { buildProbe } from '../e2e/probe-connector/build-probe.ts';
import probe from '../e2e/probe-connector/index.ts';
import { createConnectorCalls } from './connector-calls.ts';
import { createBroker } from './egress/index.ts';
import { createHostPool } from './hosts/index.ts';
import type { Limits } from './limits/index.ts';
import { systemClock as clock } from './types/clock.ts';
import type { ConnectorCalls } from './types/connector-calls.ts';
import { silentLog as log } from './types/log.ts';
import type { Priority } from './types/priority.ts';

const digest = 'sha256:probe';

type Gate = Pick<ReturnType<Limits['open']>, 'pass'>;

export const openGate: Gate = { pass: (_, send) => send(() => {}) };

interface ProbeConnection {
  readonly url: string;
  readonly grantedScopes?: readonly string[] | undefined;
  /** What its requests have to pass. */
  readonly gate?: Gate;
  /** All that it may be asked with. */
  readonly priority: Priority;
}

export type ProbeCalls = Awaited<ReturnType<typeof createProbeCalls>>;

/** Calls of the probe connector, in its host, over the broker. */
export async function createProbeCalls() {
  const manifest: Manifest = deriveManifest(probe, { version: '1.0.0' });
  const code = await buildProbe();
  const hosts = createHostPool({ log, limits: { graceMs: 100 } });
  const broker = createBroker({ clock, log, allowedPrivate: ['127.0.0.1'] });
  return {
    calls: ({ url, grantedScopes, gate = openGate, priority }: ProbeConnection): ConnectorCalls =>
      createConnectorCalls({
        artifacts: { open: async () => ({ manifest, code, digest, id: 'probe' }) as never },
        hosts,
        broker,
        credentials: {
          authorize: async () => ({ headers: { 'x-probe-key': 'key-canary' }, generation: 1 }),
          refreshAfter401: async () => false,
        },
        connections: {
          connection: async (tenantId, id) => ({
            ...{ id, tenantId, connector: 'probe', config: { url }, status: 'ready' },
            grantedScopes: grantedScopes ?? null,
          }),
          enabled: async () => ({ digest, manifest }),
        },
        limits: {
          open: (_connection, _limit, asked) => ({
            pass: (request, send) =>
              asked === priority ? gate.pass(request, send) : Promise.reject(new Error(`priority ${asked}`)),
            askedToWait: () => undefined,
          }),
        },
        clock,
        log,
      }),
    async stop(): Promise<void> {
      await hosts.stop();
      await broker.stop();
    },
  };
}
