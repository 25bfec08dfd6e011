import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProbe } from '../../e2e/probe-connector/build-probe.ts';
import { escapeAttempts } from '../../e2e/probe-connector/escape-attempts.ts';
import { RuntimeError } from '../types/errors.ts';
import { silentLog } from '../types/log.ts';
import type { WireRequest, WireResponse } from './child/wire.ts';
import { createHostPool, type HostPool } from './host-pool.ts';

let code: Uint8Array;
let pool: HostPool;

beforeAll(async () => {
  code = await buildProbe();
  pool = createHostPool({ log: silentLog, limits: { graceMs: 100 } });
});
afterAll(() => pool.stop());

const config = { url: 'https://probe.example' };

function call(
  action: string,
  options: {
    target?: string;
    timeoutMs?: number;
    key?: string;
    signal?: AbortSignal;
    onHttp?: (request: WireRequest) => Promise<WireResponse>;
    in?: HostPool;
  } = {},
) {
  return (options.in ?? pool).call({
    key: options.key ?? 'tenant-a:digest',
    code,
    method: 'run-action',
    params: {
      action,
      input: options.target === undefined ? {} : { target: options.target },
      config,
      idempotencyKey: 'k'.repeat(26),
      attempt: 1,
      baseUrl: config.url,
    },
    timeoutMs: options.timeoutMs ?? 5_000,
    signal: options.signal,
    onHttp: options.onHttp ?? (() => Promise.reject(new RuntimeError('EGRESS_FAILED', 'no network in this test'))),
    log: silentLog,
  });
}

const alive = () => expect(call('echo')).resolves.toEqual({ seen: 'hello  {}' });

describe('a host process', () => {
  it('runs an action with the defaults of its schemas and an empty environment', alive);

  it.each(Object.keys(escapeAttempts))('denies %s and serves the next call', async (name) => {
    const target = name === 'read-own-program' ? process.execPath : 'http://127.0.0.1:9';
    await expect(call(name, { target })).rejects.toMatchObject({ code: 'HOST_DENIED' });
    await alive();
  });

  it.each([
    ['infinite-loop', 'HOST_TIMEOUT'],
    ['never-answers', 'HOST_TIMEOUT'],
    ['memory-bomb', 'HOST_CRASHED'],
    ['huge-reply', 'HOST_ANSWER_INVALID'],
    ['forge-message', 'HOST_ANSWER_INVALID'],
    ['crash-later', 'HOST_CRASHED'],
    ['unserialisable-reply', 'ACTION_FAILED'],
  ])('contains %s as %s and serves the next call', async (name, code) => {
    await expect(call(name, { timeoutMs: name === 'memory-bomb' ? 30_000 : 1_000 })).rejects.toMatchObject({ code });
    await alive();
  });

  it('is not fooled by replaced built-ins: the answer is its own and so is the next one', async () => {
    await expect(call('poison-globals')).resolves.toEqual({ seen: 'escaped: poisoned' });
    await alive();
  });

  it('kills a host that no longer reacts, and with it the calls that share it', async () => {
    const stuck = call('infinite-loop', { timeoutMs: 200, key: 'stuck' });
    const neighbour = call('never-answers', { timeoutMs: 20_000, key: 'stuck' });
    await expect(stuck).rejects.toMatchObject({ code: 'HOST_TIMEOUT' });
    await expect(neighbour).rejects.toMatchObject({ code: 'HOST_CRASHED' });
  });

  it('ends a call when its signal is aborted, and keeps the host', async () => {
    const controller = new AbortController();
    const pending = call('never-answers', { signal: controller.signal, timeoutMs: 60_000 });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'HOST_CANCELLED' });
    await alive();
  });

  it('refuses code that is no connector', async () => {
    const bad = (source: string) =>
      pool.call({
        key: `bad:${source}`,
        code: Buffer.from(source),
        method: 'run-action',
        params: {},
        timeoutMs: 1_000,
        onHttp: () => Promise.reject(new Error('unused')),
        log: silentLog,
      });
    await expect(bad('export default 1')).rejects.toMatchObject({ code: 'CONNECTOR_INCOMPATIBLE' });
    await expect(bad('this is not javascript')).rejects.toMatchObject({ code: 'HOST_CRASHED' });
    await expect(bad('throw new Error("at load")')).rejects.toMatchObject({ code: 'HOST_CRASHED' });
    await expect(bad('import "left-pad"')).rejects.toMatchObject({ code: 'HOST_DENIED' });
    await expect(bad('import fs from "node:fs"; fs.readFileSync("/etc/hostname")')).rejects.toMatchObject({
      code: 'HOST_DENIED',
    });
  });
});

describe('http of connector code', () => {
  const answering =
    (seen: WireRequest[], status = 200) =>
    async (request: WireRequest) => {
      seen.push(request);
      return {
        status,
        headers: { 'content-type': 'text/plain' },
        url: request.url,
        body: Buffer.from('pong').toString('base64'),
      };
    };

  it('crosses to the runtime with query and base url resolved, and comes back', async () => {
    const seen: WireRequest[] = [];
    await expect(call('fetch', { target: '/ping', onHttp: answering(seen) })).resolves.toEqual({ seen: '200 pong' });
    expect(seen).toEqual([{ method: 'GET', url: 'https://probe.example/ping?greeting=hello', headers: {} }]);
  });

  it("gives the runtime's refusal to connector code as it is", async () => {
    const onHttp = () => Promise.reject(new RuntimeError('EGRESS_HOST_NOT_ALLOWED', 'not this host'));
    await expect(call('undeclared-host', { onHttp })).rejects.toMatchObject({ code: 'EGRESS_HOST_NOT_ALLOWED' });
  });
});

describe('the pool', () => {
  const small = (maxHosts: number, idleMs = 60_000) => createHostPool({ log: silentLog, limits: { maxHosts, idleMs } });

  it('never has more processes than its cap, and serves every key in turn', async () => {
    const few = small(2);
    const keys = Array.from({ length: 6 }, (_, index) => `tenant-${index}:digest`);
    const answers = await Promise.all(keys.map((key) => call('echo', { key, target: key, in: few })));
    expect(answers).toEqual(keys.map((key) => ({ seen: `hello ${key} {}` })));
    expect(few.liveHosts).toBeLessThanOrEqual(2);
    await few.stop();
  });

  it('ends idle processes', async () => {
    const hasty = small(4, 1);
    await call('echo', { in: hasty });
    await expect.poll(() => hasty.liveHosts).toBe(0);
    await hasty.stop();
  });

  it('takes no calls after it stopped', async () => {
    const over = small(1);
    await over.stop();
    await expect(call('echo', { in: over })).rejects.toMatchObject({ code: 'RUNTIME_STOPPED' });
  });
});
