import { describe, expect, it } from 'vitest';
import type { Seeded } from '../tenants/test-tenant.ts';
import type { PollOutcome } from '../types/connector-calls.ts';
import { answering, beforeEachTenant, failed, page, type TestPolling, TRIGGER } from './test-polling.ts';

let bench: TestPolling;
let seeded: Seeded;
beforeEachTenant((fresh) => {
  ({ bench, seeded } = fresh);
});

describe('reconcile', () => {
  const pair = () => ({ tenantId: seeded.tenantId, connectionId: seeded.connectionId, trigger: TRIGGER });

  it('polls now, due or not, and says what it found; audited with who asked', async () => {
    const node = bench.node(answering(page(['one'], '1'), page(['one', 'two'], '2', true), page(['three'], '3')).poll);
    await node.drain();
    const from = new Date(bench.now()).toISOString();
    bench.advance(1_000);
    expect(await node.reconcile(pair(), 'admin:ops')).toEqual({
      ...{ seen: 3, new: 2, duplicate: 1, tooOld: 0, runs: 2, pages: 2 },
      ...{ from, to: new Date(bench.now()).toISOString(), complete: true, error: null },
    });
    expect(await bench.audits('poll.requested')).toMatchObject([{ actor: 'admin:ops', details: { trigger: TRIGGER } }]);
    expect(await bench.audits('poll.reconciled')).toMatchObject([
      { actor: 'admin:ops', details: { seen: 3, new: 2, error: null } },
    ]);
  });

  it('is refused while a turn is under way on another node', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<PollOutcome>();
    const draining = bench
      .node(() => {
        asked.resolve();
        return answer.promise;
      })
      .drain();
    await asked.promise;
    const refused = bench.node(async () => page([], '9')).reconcile(pair(), 'admin:ops');
    await expect(refused).rejects.toMatchObject({ code: 'POLL_UNDER_WAY' });
    answer.resolve(page([], '1'));
    await draining;
    expect(await bench.audits('poll.requested')).toEqual([]);
  });

  it('says what failed, and then waits as long as the provider wants', async () => {
    const node = bench.node(answering(failed(60_000), page([], '1')).poll);
    expect(await node.reconcile(pair(), 'admin:ops')).toMatchObject({
      ...{ pages: 0, complete: false, from: null, error: { code: 'SAMPLE_DOWN' } },
    });
    await expect(node.reconcile(pair(), 'admin:ops')).rejects.toMatchObject({ code: 'POLL_TOO_SOON' });
    bench.advance(60_000);
    expect(await node.reconcile(pair(), 'admin:ops')).toMatchObject({ complete: true, error: null });
  });

  it('is for one’s own connections that are ready, and triggers that poll', async () => {
    const node = bench.node(async () => page([], '1'));
    const other = await bench.test.seed('b');
    const codeOf = (change: object) =>
      node.reconcile({ ...pair(), ...change }, 'admin:ops').catch((error: { code: string }) => error.code);
    expect(await codeOf({ tenantId: other.tenantId })).toBe('CONNECTION_UNKNOWN');
    expect(await codeOf({ trigger: 'sample.other' })).toBe('TRIGGER_UNKNOWN');
    expect(await codeOf({ trigger: 'sample.changed' })).toBe('TRIGGER_UNKNOWN');
    await node.drain();
    await bench.test.tenants.disableConnection({ ...seeded, by: 'admin:test' });
    expect(await codeOf({})).toBe('CONNECTION_DISABLED');
  });
});

it('the list shows a tenant its own, with lag, figures and the last error', async () => {
  const other = await bench.test.seed('b');
  const node = bench.node(async ({ tenantId }) => (tenantId === other.tenantId ? failed() : page(['one'], '1')));
  await node.drain();
  bench.advance(10_000);
  expect(await node.list(seeded.tenantId)).toMatchObject([
    {
      ...{ connectionId: seeded.connectionId, connection: 'main', trigger: TRIGGER, state: 'waiting', pausedBy: null },
      ...{ lagSeconds: 10, intervalSeconds: 60, complete: true, lastPoll: { new: 1 }, failures: 0, error: null },
    },
  ]);
  expect(await node.list(other.tenantId)).toMatchObject([
    { connectionId: other.connectionId, lagSeconds: null, failures: 1, error: { code: 'SAMPLE_DOWN' } },
  ]);
});
