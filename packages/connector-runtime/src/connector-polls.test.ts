import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type LoopbackServer, serveLoopback } from '../e2e/loopback-server.ts';
import { createProbeCalls, openGate, type ProbeCalls } from './test-probe-calls.ts';
import { RuntimeError } from './types/errors.ts';

let bench: ProbeCalls;
let server: LoopbackServer;
let answer: Answer;
let gate: typeof openGate;

beforeAll(async () => {
  bench = await createProbeCalls();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  gate = openGate;
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
  const calls = bench.calls({ url: server.url, grantedScopes, gate, priority: 'background' });
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
