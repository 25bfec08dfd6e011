import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDeliveries, type TestDeliveries } from './events/test-deliveries.ts';
import { createTestHttp, type TestHttp } from './http/test-http-app.ts';
import { githubDelivery } from './ingress/test-github-delivery.ts';
import { createTestIngress } from './ingress/test-ingress.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import type { Seeded } from './tenants/test-tenant.ts';
import { RuntimeError } from './types/errors.ts';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now };
let database: TestDatabase;
let http: TestHttp;
let server: ServerType;
let url: string;
let seeded: Seeded;
let bench: TestDeliveries;

beforeAll(async () => {
  database = await createTestDatabase();
  http = createTestHttp(database, clock);
  server = createAdaptorServer({ fetch: (request) => http.app.fetch(request), overrideGlobalObjects: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  await database.reset();
  seeded = await http.test.seed('a');
  bench = createTestDeliveries(database, clock);
});
afterAll(async () => {
  server?.close();
  await database?.close();
});

function run(args: readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const env = { CONNECTOR_RUNTIME_URL: url, CONNECTOR_TENANT: seeded.tenantId, ADMIN_TOKEN: http.token };
    const child = execFile(process.execPath, ['--conditions=@org/source', cli, ...args], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
    child.stdin?.end(input);
  });
}
const endpoint = (...args: string[]) => run(['endpoint', ...args]);
const delivery = (...args: string[]) => run(['delivery', ...args]);
const json = async (args: readonly string[], input?: string) =>
  JSON.parse((await run([...args, '--json'], input)).out) as Record<string, unknown>;

/** What a sender with this address and secret is answered. */
async function send(id: string, to: { token: string; secret: string }): Promise<number> {
  const ingress = createTestIngress({ store: database.store, clock, secrets: http.test });
  return (await ingress.receive(githubDelivery(to, { id, receivedAt: now, body: '[]' }))).status;
}
const tokenOf = (address: string) => address.slice(address.lastIndexOf('/') + 1);

async function bury(count: number): Promise<string[]> {
  const refuse = async () => {
    throw new RuntimeError('DELIVERY_UNPARSABLE', 'no such\n\u001b[2Jshape');
  };
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await bench.deliver([{ eventKey: `e${n}`, data: {} }], seeded));
  await bench.worker({ calls: { parseDelivery: refuse, parseDecision: refuse } }).drain();
  return ids;
}

describe('connector-runtime endpoint', () => {
  it('makes one, and shows address and secret once, with a line that says so', async () => {
    const made = await endpoint('create', '--connection', seeded.connectionId, '--trigger', 'changed');
    expect(made).toMatchObject({ code: 0, err: '' });
    const [, id = ''] = /^endpoint {2}(\S+)$/m.exec(made.out) ?? [];
    const [, address = ''] = /^address {3}(\S+)$/m.exec(made.out) ?? [];
    const [, secret = ''] = /^secret {4}(\S+)$/m.exec(made.out) ?? [];
    expect(made.out).toMatch(/^Not shown again/m);
    expect(made.out.split(secret)).toHaveLength(2);
    expect(await send('d1', { token: tokenOf(address), secret })).toBe(200);
    const [listed, shown] = [await endpoint('list'), await endpoint('show', id)];
    expect(listed.out).toContain(`${id}  enabled   sample.changed  last accepted ${new Date(now).toISOString()}`);
    expect(shown.out).toMatch(/^secret +\S+ {2}current$/m);
    for (const { out } of [listed, shown]) {
      for (const value of [secret, tokenOf(address)]) expect(out).not.toContain(value);
    }
  });

  it('rotates the address, by default with a day of overlap', async () => {
    const { url: address, earlierUntil } = await json(['endpoint', 'rotate-address', seeded.endpointId]);
    expect(earlierUntil).toBe(new Date(now + 86_400_000).toISOString());
    expect(await send('d1', seeded)).toBe(200);
    expect(await send('d2', { ...seeded, token: tokenOf(String(address)) })).toBe(200);
    const last = await endpoint('rotate-address', seeded.endpointId, '--overlap-seconds', '0');
    expect(last.out).toMatch(/^Not shown again/m);
    expect(await send('d3', seeded)).toBe(401);
  });

  it('rotates the secret to the sender’s own, and removes the old one', async () => {
    const own = 'a secret of the sender’s own';
    const rotated = await json(['endpoint', 'rotate-secret', seeded.endpointId, '--secret', '-'], `${own}\n`);
    expect(rotated).toMatchObject({ secret: own });
    const shown = (await json(['endpoint', 'show', seeded.endpointId])) as { secrets?: { id: string }[] };
    const [old, current] = (shown.secrets ?? []).map(({ id }) => id);
    expect(current).toBe(rotated.secretId);
    expect(await endpoint('remove-secret', seeded.endpointId, old ?? '')).toMatchObject({ code: 0 });
    expect(await send('d1', seeded)).toBe(401);
    expect(await send('d2', { ...seeded, secret: own })).toBe(200);
    expect(await endpoint('remove-secret', seeded.endpointId, current ?? '')).toMatchObject({
      code: 2,
      err: expect.stringContaining('[ENDPOINT_SECRET_CURRENT]'),
    });
  });

  it('disables and enables', async () => {
    expect((await endpoint('disable', seeded.endpointId)).out).toContain('disabled');
    expect(await send('d1', seeded)).toBe(401);
    expect((await endpoint('enable', seeded.endpointId)).out).toContain('enabled');
    expect(await send('d2', seeded)).toBe(200);
  });

  it.each([
    [['create', '--connection', 'c'], 'CONFIG_MISSING'],
    [['create', '--connection', 'c', '--trigger', 'a', '--approval', 'b'], 'cannot be used with'],
    [['rotate-address', 'e', '--overlap-seconds', '1h'], 'CONFIG_INVALID'],
    [['rotate-secret', 'e', '--secret', '/no/such/file'], 'CONFIG_MISSING'],
    [['show', '00000000-0000-0000-0000-000000000000'], 'ENDPOINT_UNKNOWN'],
  ])('refuses %j as usage', async (args, why) => {
    expect(await endpoint(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(why) });
  });
});

describe('connector-runtime delivery', () => {
  it('lists, shows and replays a dead one', async () => {
    const [id = ''] = await bury(1);
    expect((await delivery('list', '--status', 'dead')).out).toMatch(
      new RegExp(`^${id} .* dead .*DELIVERY_UNPARSABLE$`, 'm'),
    );
    const shown = await delivery('show', id);
    expect(shown.out).toMatch(/^state +dead: no such \[2Jshape \(DELIVERY_UNPARSABLE\)$/m);
    expect(shown.out).toMatch(/^headers +x-github-event$/m);
    expect(await delivery('replay', id)).toEqual({ code: 0, out: `replayed ${id}\n`, err: '' });
    expect(await delivery('replay', id)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('[DELIVERY_NOT_DEAD]'),
    });
    await bench.worker().drain();
    expect((await delivery('show', id)).out).toMatch(/^run +\S+ {2}triage {2}queued$/m);
    expect(await json(['delivery', 'show', id])).toMatchObject({ outcome: 'events', events: [{ eventKey: 'e0' }] });
  });

  it('replays all of an endpoint, so many at a time', async () => {
    await bury(3);
    const all = ['replay', '--endpoint', seeded.endpointId];
    expect((await delivery(...all, '--limit', '2')).out).toBe('replayed 2; 1 left\n');
    expect(await json(['delivery', ...all])).toEqual({ replayed: 1, left: 0 });
    expect(await delivery('replay')).toMatchObject({ code: 2, err: expect.stringContaining('[CONFIG_MISSING]') });
    expect(await delivery('replay', 'x', '--endpoint', 'y')).toMatchObject({ code: 2 });
  });
});
