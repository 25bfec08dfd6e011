import { afterEach, describe, expect, it } from 'vitest';
import { type Seeded, tenantManifest } from '../tenants/test-tenant.ts';
import type { PollOutcome } from '../types/connector-calls.ts';
import { answering, beforeEachTenant, failed, page, type TestPolling } from './test-polling.ts';

let bench: TestPolling;
let seeded: Seeded;
beforeEachTenant((fresh) => {
  ({ bench, seeded } = fresh);
});

describe('which triggers are polled', () => {
  const asked: string[] = [];
  const never = async ({ trigger }: { readonly trigger: string }) => {
    asked.push(trigger);
    return page([], 'asked');
  };
  afterEach(() => expect(asked).toEqual([]));
  const rows = () => bench.db.selectFrom('connector.poll_cursors').selectAll().execute();

  it('none that nothing starts on, none of a connection that is not ready', async () => {
    await bench.node(never, { workflows: { triggers: ['sample.other'], startedBy: () => ['x'] } }).drain();
    expect(await rows()).toEqual([]);
    await bench.test.tenants.disableConnection({ ...seeded, by: 'admin:test' });
    await bench.node(never).drain();
    expect(await rows()).toEqual([]);
  });

  it('none of a connection that was disabled since; it goes on from its cursor when it is enabled again', async () => {
    const { poll, cursors } = answering(page([], '7'));
    const node = bench.node(poll);
    await node.drain();
    await bench.test.tenants.disableConnection({ ...seeded, by: 'admin:test' });
    bench.advance(3_600_000);
    await node.drain();
    expect(cursors).toHaveLength(1);
    expect(await node.list(seeded.tenantId)).toMatchObject([{ state: 'paused', pausedBy: 'connection' }]);
    await bench.test.tenants.enableConnection({ ...seeded, by: 'admin:test' });
    await node.drain();
    expect(cursors).toEqual([undefined, '7']);
  });

  it('none of a deleted connection, whose row goes', async () => {
    await bench.node(answering(page([], '7')).poll).drain();
    await bench.test.tenants.deleteConnection({ ...seeded, force: true, by: 'admin:test' });
    bench.advance(3_600_000);
    await bench.node(never).drain();
    expect(await rows()).toEqual([]);
  });

  it('none that the enabled release no longer polls; its cursor is kept', async () => {
    await bench.node(answering(page([], '7')).poll).drain();
    const triggers = { changed: tenantManifest().triggers.changed as never };
    const without = await bench.test.addArtifact(tenantManifest({ version: '1.1.0', triggers }));
    await bench.test.tenants.enable(seeded.tenantId, without, 'admin:test');
    bench.advance(3_600_000);
    const node = bench.node(never);
    await node.drain();
    expect(await rows()).toMatchObject([{ cursor: '7' }]);
    expect(await node.list(seeded.tenantId)).toMatchObject([{ state: 'paused', pausedBy: 'connector' }]);
  });
});

describe('pitfall 40', () => {
  it('two pollers for one connection: one polls, however many nodes look', async () => {
    let polls = 0;
    const poll = async () => {
      polls += 1;
      return page(['one'], '1');
    };
    const nodes = Array.from({ length: 8 }, () => bench.node(poll));
    await Promise.all(nodes.map((node) => node.drain()));
    expect(polls).toBe(1);
  });

  it('a redeploy keeps the cursor, also while nodes without the workflow are about', async () => {
    await bench.node(answering(page(['one'], '1')).poll).drain();
    const other = bench.node(async () => page([], 'other'), {
      workflows: { triggers: ['sample.other'], startedBy: () => ['x'] },
    });
    bench.advance(86_400_000);
    await other.drain();
    const after = answering(page(['two'], '2'));
    await bench.node(after.poll).drain();
    expect(after.cursors).toEqual(['1']);
    expect(await bench.eventKeys()).toEqual(['one', 'two']);
  });

  it('a poller whose lease was taken over writes nothing', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<PollOutcome>();
    const slow = bench.node(() => {
      asked.resolve();
      return answer.promise;
    });
    const draining = slow.drain();
    await asked.promise;
    bench.advance(90_000);
    await bench.node(answering(page(['two'], '2')).poll).drain();
    answer.resolve(page(['one'], '1'));
    await draining;
    expect(await bench.eventKeys()).toEqual(['two']);
    expect(await bench.state()).toMatchObject({ cursor: '2', generation: 2, failures: 0, error: null });
  });

  it('a node that is gone is taken over when its lease is over, not before', async () => {
    const asked = Promise.withResolvers<void>();
    const gone = bench.node(() => {
      asked.resolve();
      return new Promise<never>(() => {});
    });
    void gone.drain();
    await asked.promise;
    // It looks no more: its next look could take what the next test is about.
    void gone.stop();
    const next = answering(page(['one'], '1'));
    const node = bench.node(next.poll);
    bench.advance(89_999);
    await node.drain();
    expect(next.cursors).toEqual([]);
    bench.advance(1);
    await node.drain();
    expect(await bench.eventKeys()).toEqual(['one']);
  });
});

describe('stopping', () => {
  it('cancels a poll in hand and gives its lease back at once', async () => {
    const asked = Promise.withResolvers<void>();
    const node = bench.node((_target, _cursor, signal) => {
      asked.resolve();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(failed())));
    });
    void node.drain();
    await asked.promise;
    await node.stop();
    expect(await bench.state()).toMatchObject({ lease_until: null, failures: 0, error: null });
    await bench.node(answering(page(['one'], '1')).poll).drain();
    expect(await bench.eventKeys()).toEqual(['one']);
  });
});
