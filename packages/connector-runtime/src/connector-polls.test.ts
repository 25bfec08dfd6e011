import { deriveManifest, type Manifest } from '@org/connector-sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type LoopbackServer, serveLoopback } from '../e2e/loopback-server.ts';
import { buildProbe } from '../e2e/probe-connector/build-probe.ts';
import probe from '../e2e/probe-connector/index.ts';
import { createConnectorCalls } from './connector-calls.ts';
import { type Broker, createBroker } from './egress/index.ts';
import { createHostPool, type HostPool } from './hosts/index.ts';
import type { Limits } from './limits/index.ts';
import { systemClock as clock } from './types/clock.ts';
import { RuntimeError } from './types/errors.ts';
import { silentLog as log } from './types/log.ts';

type CallLimits = ReturnType<Limits['open']>;

const digest = 'sha256:probe';
const manifest: Manifest = deriveManifest(probe, { version: '1.0.0' });
let code: Uint8Array;
let hosts: HostPool;
let broker: Broker;
let server: LoopbackServer;
let answer: Answer;
let gate: Pick<CallLimits, 'pass'>;

beforeAll(async () => {
  code = await buildProbe();
  hosts = createHostPool({ log, limits: { graceMs: 100 } });
  broker = createBroker({ clock, log, allowedPrivate: ['127.0.0.1'] });
});
afterAll(async () => {
  await hosts.stop();
  await broker.stop();
});
beforeEach(async () => {
  gate = { pass: (_, send) => send(() => {}) };
  server = await serveLoopback((request, response) => answer(request, response));
});
afterEach(() => server.close());

interface Asked {
  readonly cursor?: string;
  readonly trigger?: string;
  readonly grantedScopes?: readonly string[];
  readonly signal?: AbortSignal;
}

/** The probe's polling, in its host, over the broker. */
function poll({ cursor, trigger = 'probe.found', grantedScopes, signal = new AbortController().signal }: Asked = {}) {
  const calls = createConnectorCalls({
    artifacts: { open: async () => ({ manifest, code, digest, id: 'probe' }) as never },
    hosts,
    broker,
    credentials: {
      authorize: async () => ({ headers: { 'x-probe-key': 'key-canary' }, generation: 1 }),
      refreshAfter401: async () => false,
    },
    connections: {
      connection: async (tenantId, id) => ({
        ...{ id, tenantId, connector: 'probe', config: { url: server.url }, status: 'ready' },
        grantedScopes: grantedScopes ?? null,
      }),
      enabled: async () => ({ digest, manifest }),
    },
    limits: {
      open: (_connection, _limit, priority) => ({
        pass: (request, send) =>
          priority === 'background' ? gate.pass(request, send) : Promise.reject(new Error(`priority ${priority}`)),
        askedToWait: () => undefined,
      }),
    },
    clock,
    log,
  });
  return calls.poll({ tenantId: 't', connectionId: 'c', trigger }, cursor, signal);
}

describe('a poll', () => {
  const answering = (body: unknown, status = 200, headers = {}) => {
    answer = (_, response) => void response.writeHead(status, headers).end(JSON.stringify(body));
  };

  it('is one page of checked events, asked with the credential, the config and the cursor', async () => {
    answering({
      events: [
        { id: 'e1', at: '2026-02-01T01:00:00+01:00' },
        { id: 'e2', note: 'n' },
      ],
      cursor: 'c2',
      more: true,
    });
    expect(await poll({ cursor: 'c1' })).toEqual({
      status: 'read',
      events: [
        {
          eventKey: 'e1',
          data: { id: 'e1', note: 'none', at: '2026-02-01T01:00:00+01:00' },
          occurredAt: Date.parse('2026-02-01T00:00:00Z'),
        },
        { eventKey: 'e2', data: { id: 'e2', note: 'n' }, occurredAt: Date.parse('2026-01-01T00:00:00Z') },
      ],
      cursor: 'c2',
      more: true,
    });
    expect(server.requests[0]?.headers['x-probe-key']).toBe('key-canary');
    expect(server.requests[0]?.path).toBe('/found?cursor=c1&greeting=hello');
  });

  const page = { events: [], cursor: 'c', more: false };
  const many = Array.from({ length: 1001 }, (_, index) => ({ id: `e${index}` }));
  it.each<[string, object, string]>([
    ['an event of another shape', { ...page, events: [{ id: 1 }] }, 'POLL_EVENT_INVALID'],
    ['an event without a key', { ...page, events: [{ id: '' }] }, 'HOST_ANSWER_INVALID'],
    ['a key that is too long', { ...page, events: [{ id: 'x'.repeat(513) }] }, 'HOST_ANSWER_INVALID'],
    ['a key with U+0000', { ...page, events: [{ id: 'a\0' }] }, 'HOST_ANSWER_INVALID'],
    ['a key with half a character', { ...page, events: [{ id: '\ud800' }] }, 'HOST_ANSWER_INVALID'],
    ['a time that is none', { ...page, events: [{ id: 'e', at: 'yesterday' }] }, 'HOST_ANSWER_INVALID'],
    ['too many events', { ...page, events: many }, 'HOST_ANSWER_INVALID'],
    ['no cursor', { events: [], more: false }, 'HOST_ANSWER_INVALID'],
    ['a cursor that is too long', { ...page, cursor: 'x'.repeat(8193) }, 'HOST_ANSWER_INVALID'],
    ['a cursor with U+0000', { ...page, cursor: '\0' }, 'HOST_ANSWER_INVALID'],
    ['no word on whether there is more', { events: [], cursor: 'c' }, 'HOST_ANSWER_INVALID'],
  ])('that answers with %s has failed', async (_, body, code) => {
    answering(body);
    expect(await poll()).toMatchObject({ status: 'failed', error: { code } });
  });

  it('that was turned away says for how long', async () => {
    answering({}, 429, { 'retry-after': '120' });
    expect(await poll()).toEqual({
      status: 'failed',
      error: { code: 'PROBE_LIMITED', message: 'too fast' },
      retryAfterMs: 120_000,
    });
  });

  it('that there is no room for is held back, in the background, and not failed', async () => {
    const error = new RuntimeError('RATE_LIMITED', 'not now', { details: { retryAfterMs: 7_000 } });
    gate = { pass: () => Promise.reject(error) };
    expect(await poll()).toMatchObject({ status: 'failed', heldBack: true, retryAfterMs: 7_000 });
    expect(server.requests).toEqual([]);
  });

  it.each(['probe.happened', 'probe.toString', 'probe.other'])(
    'of %s has failed before anything is sent',
    async (trigger) => {
      expect(await poll({ trigger })).toMatchObject({ status: 'failed', error: { code: 'TRIGGER_UNKNOWN' } });
      expect(server.requests).toEqual([]);
    },
  );

  it('needs the scopes of its trigger', async () => {
    expect(await poll({ grantedScopes: ['another'] })).toMatchObject({ error: { code: 'CONNECTION_SCOPE_MISSING' } });
    expect(server.requests).toEqual([]);
  });

  it('that is cancelled ends at once', async () => {
    const asked = Promise.withResolvers<void>();
    answer = () => asked.resolve();
    const cancelling = new AbortController();
    const polling = poll({ signal: cancelling.signal });
    await asked.promise;
    cancelling.abort();
    expect(await polling).toMatchObject({ status: 'failed' });
  });
});
