import { describe, expect, it } from 'vitest';
import { insertEvents } from '../events/index.ts';
import type { Seeded } from '../tenants/test-tenant.ts';
import type { PollOutcome } from '../types/connector-calls.ts';
import { answering, beforeEachTenant, failed, page, type TestPolling, TRIGGER } from './test-polling.ts';

let bench: TestPolling;
let seeded: Seeded;
beforeEachTenant((fresh) => {
  ({ bench, seeded } = fresh);
});

describe('a page', () => {
  it('becomes its events, one run each with its job, an audit entry, and the cursor behind them', async () => {
    const { poll, cursors } = answering(page([], '0'), page(['one', 'two'], '1'));
    const node = bench.node(poll);
    await node.drain();
    bench.advance(66_000);
    await node.drain();
    expect(cursors).toEqual([undefined, '0']);
    expect(await bench.eventKeys()).toEqual(['one', 'two']);
    const runs = await bench.runs();
    expect(bench.jobs).toEqual(runs.map(({ id }) => ({ queue: 'run', runId: id })));
    expect(runs.map(({ workflow }) => workflow)).toEqual(['triage', 'triage']);
    expect(await bench.state()).toMatchObject({
      cursor: '1',
      failures: 0,
      error: null,
      lease_until: null,
      last_poll: { seen: 2, new: 2, duplicate: 0, tooOld: 0, runs: 2, pages: 1 },
    });
    const [entry] = await bench.audits('poll.recorded');
    expect(entry?.details).toMatchObject({ trigger: TRIGGER, seen: 2, runs: expect.any(Array) });
  });

  it('whose change a webhook has brought is no second event and no second run', async () => {
    const { tenantId, workspaceId, connectionId } = seeded;
    const source = { tenantId, workspaceId, connectionId, trigger: TRIGGER, deliveryId: null, receivedAt: bench.now() };
    await bench.db
      .transaction()
      .execute((trx) => insertEvents(trx, source, [{ eventKey: 'one', data: {} }], ['triage'], bench.now()));
    await bench.node(answering(page(['one', 'two', 'two'], '1')).poll).drain();
    expect(await bench.eventKeys()).toEqual(['one', 'two']);
    expect(await bench.runs()).toHaveLength(2);
    expect((await bench.state()).last_poll).toMatchObject({ seen: 3, new: 1, duplicate: 2, runs: 1 });
  });

  it('that is not stored does not move the cursor', async () => {
    const broken = async () => Promise.reject(new Error('the database is gone'));
    const node = bench.node(answering(page(['one'], '1')).poll, { recordEvents: broken });
    await node.drain();
    expect(await bench.state()).toMatchObject({ cursor: null, failures: 1, error: { code: 'POLL_NOT_STORED' } });
    expect(await bench.eventKeys()).toEqual([]);
  });

  it('of which nothing is audited does not move the cursor', async () => {
    await bench.asOwner('revoke execute on function connector.audit_append from connector_app');
    try {
      await bench.node(answering(page(['one'], '1')).poll).drain();
    } finally {
      await bench.asOwner('grant execute on function connector.audit_append to connector_app');
    }
    expect(await bench.state()).toMatchObject({ cursor: null, error: { code: 'POLL_NOT_STORED' } });
    expect(await bench.eventKeys()).toEqual([]);
  });

  it('holds events that are older than the backfill window: they are kept, and start nothing', async () => {
    const day = 86_400_000;
    const at = (days: number) => bench.now() - days * day;
    const events = [6, 8].map((days) => ({ eventKey: `${days} days`, data: {}, occurredAt: at(days) }));
    await bench.node(answering(page(events, '1')).poll).drain();
    expect(await bench.eventKeys()).toEqual(['6 days', '8 days']);
    expect(await bench.runs()).toHaveLength(1);
    expect((await bench.state()).last_poll).toMatchObject({ new: 2, tooOld: 1, runs: 1 });
  });
});

describe('pages with more behind them', () => {
  it('are read at once, and each is stored before the next is asked for', async () => {
    const { poll, cursors } = answering(page(['a'], '1', true), page(['b'], '2', true), page(['c'], '3'));
    const known: (readonly string[])[] = [];
    const node = bench.node(async (target, cursor) => {
      known.push(await bench.eventKeys());
      return poll(target, cursor);
    });
    await node.drain();
    expect(cursors).toEqual([undefined, '1', '2']);
    expect(known).toEqual([[], ['a'], ['a', 'b']]);
  });

  it('go on in the next turn, at once, when they are more than one turn reads', async () => {
    let pages = 0;
    const generations = new Set<number>();
    const node = bench.node(async () => {
      pages += 1;
      generations.add((await bench.state()).generation);
      return page([`${pages}`], `${pages}`, pages < 60);
    });
    await node.drain();
    expect(await bench.eventKeys()).toHaveLength(60);
    expect(generations.size).toBe(3);
  });

  it('behind a cursor that stands still are a failure, not a loop', async () => {
    const { poll, cursors } = answering(page(['a'], '1', true), page(['a'], '1', true));
    await bench.node(poll).drain();
    expect(cursors).toHaveLength(2);
    expect((await bench.state()).error).toMatchObject({ code: 'HOST_ANSWER_INVALID' });
  });

  it('wait until there is room for them', async () => {
    const error = { code: 'RATE_LIMITED', message: 'not now' };
    const heldBack: PollOutcome = { status: 'failed', error, heldBack: true, retryAfterMs: 7_000 };
    await bench.node(answering(page(['a'], '1', true), heldBack).poll).drain();
    expect(await bench.eventKeys()).toEqual(['a']);
    expect(await bench.waitMs()).toBe(7_000);
    expect(await bench.state()).toMatchObject({ failures: 0, unfinished: true });
  });
});

describe('the pace', () => {
  it('gets slower while nothing is found, and is the fastest again when webhooks missed something', async () => {
    const outcomes = [page([], '0'), page([], '0'), page([], '0'), page([], '0'), page([], '0'), page(['x'], '1')];
    const node = bench.node(answering(...outcomes).poll);
    const waits: number[] = [];
    for (const _ of outcomes) {
      await node.drain();
      waits.push(await bench.waitMs());
      bench.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([60_000, 90_000, 135_000, 202_500, 240_000, 60_000]);
  });

  it('is what the deployment says', async () => {
    const settings = { enabled: true, intervalSeconds: { [TRIGGER]: 300 }, maxIntervalSeconds: 600, backfillDays: 7 };
    const node = bench.node(answering(page([], '0')).poll, { settings });
    await node.drain();
    expect(await bench.waitMs()).toBe(300_000);
    for (let turn = 0; turn < 5; turn += 1) {
      bench.advance(await bench.waitMs());
      await node.drain();
    }
    expect(await bench.waitMs()).toBe(600_000);
  });

  it('backs off after failures and keeps what the provider asks to wait, for all of the connection', async () => {
    const { poll, cursors } = answering(failed(), failed(), failed(3_600_000), page([], '0'));
    const node = bench.node(poll);
    await node.drain();
    expect([await bench.waitMs(), (await bench.state()).failures]).toEqual([2_500, 1]);
    bench.advance(2_500);
    await node.drain();
    expect([await bench.waitMs(), (await bench.state()).failures]).toEqual([5_000, 2]);
    bench.advance(5_000);
    await node.drain();
    const { not_before, error } = await bench.state();
    expect([(not_before?.getTime() ?? 0) - bench.now(), error?.code]).toEqual([3_600_000, 'SAMPLE_DOWN']);
    bench.advance(3_599_000);
    await node.drain();
    await bench.db
      .updateTable('connector.poll_cursors')
      .set({ next_due_at: new Date(0) })
      .execute();
    await node.drain();
    expect(cursors).toHaveLength(3);
    bench.advance(1_000);
    await node.drain();
    expect(await bench.state()).toMatchObject({ failures: 0, error: null, cursor: '0' });
  });
});
