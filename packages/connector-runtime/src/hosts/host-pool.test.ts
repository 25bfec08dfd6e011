import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildProbe } from '../../e2e/probe-connector/build-probe.ts';
import { silentLog } from '../types/log.ts';
import type { WireResponse } from './child/wire.ts';
import type { HostPoolLimits } from './host-limits.ts';
import { createHostPool, type HostPool } from './host-pool.ts';
import { callProbe } from './test-call-probe.ts';

let code: Uint8Array;
beforeAll(async () => {
  code = await buildProbe();
});

const pools: HostPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.stop();
});

function newPool(limits: Partial<HostPoolLimits> = {}) {
  let now = Date.parse('2026-11-01T00:00:00Z');
  const pool = createHostPool({ log: silentLog, limits: { graceMs: 100, ...limits }, clock: { now: () => now } });
  pools.push(pool);
  return {
    pool,
    call: (action: string, options?: Parameters<typeof callProbe>[3]) => callProbe(pool, code, action, options),
    pass(ms: number) {
      now += ms;
    },
  };
}

/** Keeps calls of the action `fetch` in their host until they are let go. */
function holding() {
  const gate = Promise.withResolvers<WireResponse>();
  const begun = Promise.withResolvers<void>();
  return {
    begun: begun.promise,
    onHttp: () => {
      begun.resolve();
      return gate.promise;
    },
    letGo: () => gate.resolve({ status: 200, headers: {}, url: 'https://probe.example/', body: '' }),
  };
}

/** Processes that this one started, by the kernel's word. */
function children(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function limitsOf(pid: number): string {
  return readFileSync(`/proc/${pid}/limits`, 'utf8');
}

describe('places', () => {
  it('are never more than the cap, and every key is served in turn', async () => {
    const { pool, call } = newPool({ maxHosts: 2 });
    const keys = Array.from({ length: 6 }, (_, index) => `tenant-${index}:digest`);
    const answers = await Promise.all(keys.map((key) => call('echo', { key, target: key })));
    expect(answers).toEqual(keys.map((key) => ({ seen: `hello ${key} {}` })));
    expect(pool.liveHosts).toBeLessThanOrEqual(2);
  });

  it('are given up by a key that is busy without a pause, once another waits', async () => {
    const { call } = newPool({ maxHosts: 1, turnMs: 0 });
    const [first, second] = [holding(), holding()];
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    const busyNow = call('fetch', { key: 'busy', onHttp: first.onHttp }).then(note('busy'));
    await first.begun;
    const other = call('echo', { key: 'other' }).then(note('other'));
    const busyAgain = call('fetch', { key: 'busy', onHttp: second.onHttp }).then(note('busy again'));
    first.letGo();
    await other;
    second.letGo();
    await Promise.all([busyNow, busyAgain]);
    expect(order).toEqual(['busy', 'other', 'busy again']);
  });

  it('are kept by a busy key whose rival gave up', async () => {
    const { call } = newPool({ maxHosts: 1, turnMs: 0 });
    const held = holding();
    const rival = new AbortController();
    const busyNow = call('fetch', { key: 'busy', onHttp: held.onHttp });
    await held.begun;
    const gaveUp = call('echo', { key: 'other', signal: rival.signal });
    rival.abort();
    await expect(gaveUp).rejects.toMatchObject({ code: 'HOST_CANCELLED' });
    await expect(call('echo', { key: 'busy' })).resolves.toBeDefined();
    held.letGo();
    await busyNow;
  });

  it('are waited for no longer than the call may take', async () => {
    const { call } = newPool({ maxHosts: 1 });
    const held = holding();
    const busyNow = call('fetch', { key: 'busy', onHttp: held.onHttp });
    await held.begun;
    await expect(call('echo', { key: 'other', timeoutMs: 20 })).rejects.toMatchObject({ code: 'HOST_BUSY' });
    held.letGo();
    await busyNow;
  });

  it('cannot be waited for by more calls of one key than its share', async () => {
    const { call } = newPool({ maxHosts: 1, maxQueuePerKey: 1 });
    const held = holding();
    const busyNow = call('fetch', { key: 'busy', onHttp: held.onHttp });
    await held.begun;
    const waits = call('echo', { key: 'greedy' });
    await expect(call('echo', { key: 'greedy' })).rejects.toMatchObject({ code: 'HOST_BUSY' });
    const modest = call('echo', { key: 'modest' });
    held.letGo();
    await Promise.all([busyNow, waits, modest]);
  });

  it('are free again when they were idle for a while', async () => {
    const { pool, call } = newPool({ idleMs: 1 });
    await call('echo');
    await expect.poll(() => pool.liveHosts).toBe(0);
  });
});

describe('a key whose process ends by its own doing', () => {
  const crash = { code: 'HOST_CRASHED' };

  it('is started again at once, then later and later, until it works', async () => {
    const { call, pass } = newPool({ restartMs: 1_000, maxRestartMs: 3_000 });
    const refused = (retryAfterMs: number) => ({ code: 'HOST_RESTARTING', details: { retryAfterMs } });
    await expect(call('crash-later')).rejects.toMatchObject(crash);
    await expect(call('crash-later')).rejects.toMatchObject(crash);
    for (const pauseMs of [1_000, 2_000, 3_000]) {
      await expect(call('echo')).rejects.toMatchObject(refused(pauseMs));
      pass(pauseMs - 1);
      await expect(call('echo')).rejects.toMatchObject(refused(1));
      pass(1);
      await expect(call('crash-later')).rejects.toMatchObject(crash);
    }
    pass(3_000);
    await call('echo');
    await expect(call('crash-later')).rejects.toMatchObject(crash);
    await call('echo');
  });

  it('does not make another key wait', async () => {
    const { call } = newPool();
    for (let times = 0; times < 2; times += 1) await expect(call('crash-later')).rejects.toMatchObject(crash);
    await expect(call('echo')).rejects.toMatchObject({ code: 'HOST_RESTARTING' });
    await expect(call('echo', { key: 'tenant-b:digest' })).resolves.toBeDefined();
  });

  it('hears what refused to load it, and starts no process to hear it again', async () => {
    const { pool } = newPool({ restartMs: 60_000 });
    const load = () => callProbe(pool, Buffer.from('export default 1'), 'echo');
    for (let times = 0; times < 2; times += 1) {
      await expect(load()).rejects.toMatchObject({ code: 'CONNECTOR_INCOMPATIBLE' });
    }
    await expect(load()).rejects.toMatchObject({ code: 'CONNECTOR_INCOMPATIBLE' });
    expect(pool.liveHosts).toBe(0);
  });
});

describe('the processes', () => {
  it('can be ended by what they run: in hand and waiting, and no other', async () => {
    const { pool, call } = newPool({ maxHosts: 2 });
    const [revoked, kept] = [holding(), holding()];
    const inHand = call('fetch', { key: 'a:sha256:bad', onHttp: revoked.onHttp });
    const other = call('fetch', { key: 'a:sha256:good', onHttp: kept.onHttp });
    await Promise.all([revoked.begun, kept.begun]);
    const waiting = call('echo', { key: 'b:sha256:bad' });
    pool.stopWhere((key) => key.includes('sha256:bad'));
    await expect(inHand).rejects.toMatchObject({ code: 'HOST_CANCELLED' });
    await expect(waiting).rejects.toMatchObject({ code: 'HOST_CANCELLED' });
    kept.letGo();
    await expect(other).resolves.toBeDefined();
    expect(pool.liveHosts).toBe(1);
  });

  it.runIf(process.platform === 'linux')('write no core dumps and hold a bounded amount of data', async () => {
    const before = children();
    const { call } = newPool();
    await call('echo');
    const limits = () =>
      children()
        .filter((pid) => !before.includes(pid))
        .map(limitsOf)
        .filter((text) => !/^Max data size +unlimited/m.test(text));
    // The host and, a moment later, the spare; the shell that watches for orphans has no limits.
    await expect.poll(() => limits().length, { timeout: 10_000 }).toBe(2);
    for (const text of limits()) expect(text).toMatch(/^Max core file size +0 +0 /m);
  });

  it('are not started any more once the pool stopped', async () => {
    const { pool, call } = newPool();
    await pool.stop();
    await expect(call('echo')).rejects.toMatchObject({ code: 'RUNTIME_STOPPED' });
  });

  it.runIf(process.platform === 'linux')('are all gone after the pool stopped', async () => {
    const before = children();
    const { pool, call } = newPool();
    pool.warm();
    await call('echo');
    await call('echo', { key: 'tenant-b:digest' });
    await pool.stop();
    await expect.poll(() => children().filter((pid) => !before.includes(pid))).toEqual([]);
  });
});
