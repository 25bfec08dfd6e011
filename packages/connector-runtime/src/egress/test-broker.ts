import { expect } from 'vitest';
import { type Answer, type LoopbackServer, serveLoopback } from '../../e2e/loopback-server.ts';
import { systemClock } from '../types/clock.ts';
import { silentLog } from '../types/log.ts';
import { type Broker, type BrokerOptions, createBroker } from './broker.ts';
import type { EgressGrant } from './egress-grant.ts';

export const TOKEN = 'canary-token-5f2c9a';
const closers: (() => Promise<void>)[] = [];

/** Ends every server and broker made here. */
export async function closeBrokers(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}

export async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveLoopback(answer);
  closers.push(server.close);
  return server;
}

/** Of a deployment that lists loopback. */
export function broker(options: Partial<BrokerOptions> = {}): Broker {
  const retry = { maxRetries: 2, baseDelayMs: 1, maxRetryAfterMs: 10_000 };
  const made = createBroker({ clock: systemClock, log: silentLog, allowedPrivate: ['127.0.0.1'], retry, ...options });
  closers.push(() => made.stop());
  return made;
}

export const grant = (server: Pick<LoopbackServer, 'host'>, more: Partial<EgressGrant> = {}): EgressGrant => ({
  allowedHosts: [server.host],
  partition: 'connection-1',
  timeoutMs: 5_000,
  authorize: async () => ({ headers: { authorization: `Bearer ${TOKEN}` }, generation: 1 }),
  ...more,
});

export const ok: Answer = (_, response) => void response.end('{"ok":true}');
export const failing = (code: string) => expect.objectContaining({ code });
