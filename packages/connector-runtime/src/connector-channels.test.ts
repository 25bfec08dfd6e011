import type { ApprovalDecision } from '@org/connector-sdk';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../e2e/loopback-server.ts';
import { createProbeCalls, openGate, type ProbeCalls } from './test-probe-calls.ts';
import { RuntimeError } from './types/errors.ts';

let bench: ProbeCalls;
let server: LoopbackServer;
let status: number;

beforeAll(async () => {
  bench = await createProbeCalls();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  status = 200;
  server = await serveLoopback((_, response) => void response.writeHead(status).end('{}'));
});
afterEach(() => server.close());

const held = {
  pass: () => Promise.reject(new RuntimeError('RATE_LIMITED', 'x', { details: { retryAfterMs: 7_000 } })),
};

function update(gate = openGate): Promise<void> {
  const channel = { tenantId: 't', connectionId: 'c', connector: 'probe', channel: 'ask', target: {} };
  const decision = { approvalId: 'a', decision: 'approved' } as ApprovalDecision;
  const calls = bench.calls({ url: server.url, gate, priority: 'interactive' });
  return calls.updateApproval({ ...channel, idempotencyKey: 'k' }, { id: '1' }, decision);
}

it('an approval is redrawn before runs and polling send', async () => {
  await update();
  expect(server.requests.map(({ path }) => path)).toEqual(['/ask/1']);
});

it('a channel that refuses an update says so', async () => {
  status = 404;
  await expect(update()).rejects.toMatchObject({ code: 'PROBE_ASK_GONE', kind: 'refused' });
});

it('an update without budget is one to repeat, whatever connector code makes of it', async () => {
  const error = await update(held).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RuntimeError);
  expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 7_000 } });
  expect(server.requests).toEqual([]);
});
