import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTestDeliveries } from '../../events/test-deliveries.ts';
import { createTestDatabase, type TestDatabase } from '../../store/test-database.ts';
import type { Seeded } from '../../tenants/test-tenant.ts';
import { RuntimeError } from '../../types/errors.ts';
import { createTestHttp, type TestHttp } from '../test-http-app.ts';

let database: TestDatabase;
let http: TestHttp;
let seeded: Seeded;
const now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now };

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  http = createTestHttp(database, clock);
  seeded = await http.test.seed('a');
});
afterAll(() => database?.close());

const at = (path: string, { tenantId } = seeded) => `/tenants/${tenantId}${path}`;
const endpoint = (verb = '') => at(`/endpoints/${seeded.endpointId}${verb}`);
const failure = (code: string) => ({ error: expect.objectContaining({ code }) });

async function send(url: string, secret: string, body = '[]'): Promise<number> {
  const response = await http.app.request(new URL(url).pathname, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': body,
      'x-github-event': 'issues',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  });
  return response.status;
}

it('rotates address and secret, told once, and shows them by id from then on', async () => {
  const address = await http.admin('POST', endpoint('/rotate-address'), {});
  const { url, token, addressId } = address.json as Record<string, string>;
  expect(address.status).toBe(201);
  expect(url).toBe(`https://connectors.example/hooks/${token}`);
  const secret = await http.admin('POST', endpoint('/rotate-secret'), { overlapSeconds: 60 });
  const { secretId, secret: value = '', earlierUntil = '' } = secret.json as Record<string, string>;
  expect(secret.status).toBe(201);
  expect(Date.parse(earlierUntil)).toBe(now + 60_000);
  expect(await send(url ?? '', value)).toBe(200);
  const shown = await http.admin('GET', endpoint());
  expect(shown).toMatchObject({
    status: 200,
    json: {
      addresses: [{ expiresAt: expect.any(String) }, { id: addressId, expiresAt: null }],
      secrets: [{ expiresAt: earlierUntil }, { id: secretId, expiresAt: null }],
      lastAcceptedAt: expect.any(String),
    },
  });
  for (const hidden of [token, value, seeded.token, seeded.secret]) {
    expect(JSON.stringify(shown)).not.toContain(hidden);
  }
});

it('removes a secret that is not the current one, and says why it does not remove that', async () => {
  await http.admin('POST', endpoint('/rotate-secret'), { secret: 'sixteen-bytes-xy' });
  const { secrets } = (await http.admin('GET', endpoint())).json as { secrets: { id: string }[] };
  const [old, current] = secrets.map(({ id }) => endpoint(`/secrets/${id}`));
  expect((await http.admin('DELETE', old ?? '')).status).toBe(204);
  expect(await http.admin('DELETE', old ?? '')).toEqual({ status: 404, json: failure('ENDPOINT_SECRET_UNKNOWN') });
  expect(await http.admin('DELETE', current ?? '')).toEqual({
    status: 409,
    json: failure('ENDPOINT_SECRET_CURRENT'),
  });
});

it('refuses overlaps and secrets that are out of bounds', async () => {
  for (const overlapSeconds of [-1, 1.5, 2_592_001, '60', null]) {
    const answer = await http.admin('POST', endpoint('/rotate-address'), { overlapSeconds });
    expect(answer).toEqual({ status: 400, json: failure('ADMIN_REQUEST_INVALID') });
  }
  const short = await http.admin('POST', endpoint('/rotate-secret'), { secret: 'fifteen-bytes-x' });
  expect(short).toEqual({ status: 422, json: failure('ENDPOINT_SECRET_TOO_SHORT') });
  expect(JSON.stringify(short)).not.toContain('fifteen-bytes-x');
  for (let n = 0; n < 4; n += 1) await http.admin('POST', endpoint('/rotate-address'), {});
  expect(await http.admin('POST', endpoint('/rotate-address'), {})).toEqual({
    status: 409,
    json: failure('ENDPOINT_ROTATION_LIMIT'),
  });
});

it('disables and enables', async () => {
  const url = `https://connectors.example/hooks/${seeded.token}`;
  expect((await http.admin('POST', endpoint('/disable'))).status).toBe(204);
  expect(await send(url, seeded.secret)).toBe(401);
  expect((await http.admin('POST', endpoint('/enable'))).status).toBe(204);
  expect((await http.admin('GET', endpoint())).json).toMatchObject({ disabled: false });
});

it('shows deliveries and replays dead ones, one or all of an endpoint', async () => {
  const bench = createTestDeliveries(database, clock);
  const refuse = async () => {
    throw new RuntimeError('DELIVERY_UNPARSABLE', 'no such shape');
  };
  const calls = { parseDelivery: refuse, parseDecision: refuse };
  const ids = [await bench.deliver([], seeded), await bench.deliver([], seeded)];
  await bench.worker({ calls }).drain();
  const list = async (query: string) => {
    const { json } = await http.admin('GET', at(`/deliveries${query}`));
    return (json as { deliveries: { id: string }[] }).deliveries.map(({ id }) => id);
  };
  const newest = [...ids].sort().reverse();
  expect(await list(`?status=dead&endpointId=${seeded.endpointId}`)).toEqual(newest);
  expect(await list(`?before=${newest[0]}`)).toEqual(newest.slice(1));
  expect(await list('?outcome=events')).toEqual([]);
  expect((await http.admin('GET', at('/deliveries?outcome=lost'))).status).toBe(400);
  const one = at(`/deliveries/${ids[0]}`);
  expect(await http.admin('GET', one)).toMatchObject({
    status: 200,
    json: { status: 'dead', headerNames: ['x-github-event'], bodyBytes: 2, events: [], runs: [] },
  });
  expect((await http.admin('POST', `${one}/replay`)).status).toBe(204);
  expect(await http.admin('POST', `${one}/replay`)).toEqual({ status: 409, json: failure('DELIVERY_NOT_DEAD') });
  expect(await http.admin('POST', endpoint('/replay'), {})).toEqual({ status: 200, json: { replayed: 1, left: 0 } });
  await bench.worker().drain();
  expect(await list('?outcome=no-trigger')).toEqual(newest);
});

it('finds nothing of another tenant', async () => {
  const bench = createTestDeliveries(database, clock);
  const id = await bench.deliver([], seeded);
  const other = await http.test.seed('b');
  const { json } = await http.admin('GET', endpoint());
  const [secret] = (json as { secrets: { id: string }[] }).secrets;
  const foreign = at(`/endpoints/${seeded.endpointId}`, other);
  const attempts = [
    ['GET', foreign],
    ['POST', `${foreign}/rotate-address`],
    ['POST', `${foreign}/rotate-secret`],
    ['DELETE', `${foreign}/secrets/${secret?.id}`],
    ['POST', `${foreign}/enable`],
    ['POST', `${foreign}/disable`],
    ['POST', `${foreign}/replay`],
    ['GET', at(`/deliveries/${id}`, other)],
    ['POST', at(`/deliveries/${id}/replay`, other)],
  ] as const;
  for (const [method, path] of attempts) {
    const answer = await http.admin(method, path, method === 'POST' ? {} : undefined);
    expect([path, answer.status]).toEqual([path, 404]);
  }
});
