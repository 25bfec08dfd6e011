import type { ApprovalDecision } from '@org/connector-sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../e2e/loopback-server.ts';
import { createProbeCalls, openGate, type ProbeCalls } from './test-probe-calls.ts';
import { RuntimeError } from './types/errors.ts';

let bench: ProbeCalls;
let server: LoopbackServer;
let status: number;
let answer: string;

beforeAll(async () => {
  bench = await createProbeCalls();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  [status, answer] = [200, '{}'];
  server = await serveLoopback((_, response) => void response.writeHead(status).end(answer));
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

describe('whether somebody is in a group', () => {
  const asks = ({ channel = 'ask', connector = 'probe', gate = openGate, grantedScopes = ['probe'] } = {}) => {
    const calls = bench.calls({ url: server.url, gate, grantedScopes, priority: 'interactive' });
    const at = { tenantId: 't', connectionId: 'c', connector, channel };
    return calls.isGroupMember(at, { actor: 'probe:U1', group: 'ops' });
  };

  it.each([true, false])('is asked of the vendor, through the broker (%s)', async (isMember) => {
    answer = String(isMember);
    expect(await asks()).toBe(isMember);
    expect(server.requests.map(({ path }) => path)).toEqual(['/groups/ops?actor=probe%3AU1']);
  });

  it.each(['"true"', '1', '{}', 'null'])('is not said by anything but a yes or a no (%s)', async (other) => {
    answer = other;
    await expect(asks()).rejects.toMatchObject({ code: 'HOST_ANSWER_INVALID' });
  });

  it('is not known where the vendor refuses, without the scope, or of a channel that has no groups', async () => {
    status = 404;
    await expect(asks()).rejects.toMatchObject({ code: 'PROBE_GROUP_GONE', kind: 'refused' });
    await expect(asks({ grantedScopes: [] })).rejects.toMatchObject({ code: 'CONNECTION_SCOPE_MISSING' });
    await expect(asks({ channel: 'other' })).rejects.toMatchObject({ code: 'CHANNEL_GROUPS_UNKNOWN' });
    await expect(asks({ connector: 'another' })).rejects.toMatchObject({ code: 'CHANNEL_GROUPS_UNKNOWN' });
  });

  it('is to be asked again where there was no budget, whatever connector code makes of it', async () => {
    await expect(asks({ gate: held })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(server.requests).toEqual([]);
  });
});
