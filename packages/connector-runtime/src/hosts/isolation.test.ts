import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProbe } from '../../e2e/probe-connector/build-probe.ts';
import { escapeAttempts } from '../../e2e/probe-connector/escape-attempts.ts';
import { misbehaviours } from '../../e2e/probe-connector/misbehaviours.ts';
import { RuntimeError } from '../types/errors.ts';
import { silentLog } from '../types/log.ts';
import type { WireRequest } from './child/wire.ts';
import { createHostPool, type HostPool } from './host-pool.ts';
import { callProbe } from './test-call-probe.ts';

let code: Uint8Array;
let pool: HostPool;

beforeAll(async () => {
  code = await buildProbe();
  pool = createHostPool({ log: silentLog, limits: { graceMs: 100 } });
});
afterAll(() => pool.stop());

type Call = Parameters<typeof callProbe>[3];
const call = (action: string, options?: Call) => callProbe(pool, code, action, options);
const alive = (key?: string) =>
  expect(call('echo', key === undefined ? {} : { key })).resolves.toEqual({ seen: 'hello  {}' });

describe('a host process', () => {
  it('runs an action with the defaults of its schemas and an empty environment', () => alive());

  it.each(Object.keys(escapeAttempts))('denies %s and serves the next call', async (name) => {
    const target = name === 'read-own-program' ? process.execPath : 'http://127.0.0.1:9';
    await expect(call(name, { target })).rejects.toMatchObject({ code: 'HOST_DENIED' });
    await alive();
  });

  it.each(Object.entries(misbehaviours))('contains %s and serves the next call', async (name, { ends }) => {
    const timeoutMs = ends === 'HOST_TIMEOUT' ? 500 : 30_000;
    const ended = call(name, { key: name, timeoutMs });
    if (ends === 'nothing') await expect(ended).resolves.toEqual({ seen: expect.stringMatching(/^nothing/) });
    else await expect(ended).rejects.toMatchObject({ code: ends });
    await alive(name);
  });

  it('gives a call nothing to use after its end', async () => {
    await expect(call('stale-http')).resolves.toEqual({ seen: 'kept' });
    await expect(call('stale-http')).rejects.toMatchObject({ code: 'HOST_CANCELLED' });
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
