import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../front/loopback-front.ts';
import { type ServiceNowEmulator, startServiceNowEmulator } from './servicenow-emulator.ts';

let emulator: ServiceNowEmulator;
let receiver: Server;
let url: string;
let answer = 204;
let received: { headers: Headers; body: string }[] = [];
const now = Date.UTC(2026, 10, 22);
const secret = 'test-only-outbound-secret';
const basic = { user: 'connector.integration', password: 'test-only-password' };

beforeAll(async () => {
  receiver = createAdaptorServer({
    fetch: async (request: Request) => {
      received.push({ headers: new Headers(request.headers), body: await request.text() });
      return new Response(null, { status: answer });
    },
  }) as Server;
  url = `http://127.0.0.1:${await listen(receiver, 0)}/hooks/x`;
  emulator = await startServiceNowEmulator({ basic, clock: () => now });
});
beforeEach(async () => {
  received = [];
  answer = 204;
  await emulator.reset();
  emulator.configureOutbound({ url, secret });
});
afterAll(async () => {
  await emulator.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

function isSigned({ headers, body }: { headers: Headers; body: string }): boolean {
  const timestamp = headers.get('x-connector-timestamp') ?? '';
  const expected = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return /^\d{10}$/.test(timestamp) && headers.get('x-connector-signature') === `sha256=${expected}`;
}

async function patchAsIntegration(): Promise<void> {
  const { sys_id } = emulator.incident('INC0010001');
  const authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
  await fetch(`${emulator.url}/api/now/table/incident/${sys_id}`, {
    method: 'PATCH',
    headers: { authorization },
    body: '{"state":"2"}',
  });
  await emulator.outboundSettled();
}

describe('the outbound webhook', () => {
  it('is sent, signed, when a person changes an incident', async () => {
    await emulator.changeIncident('INC0010001', { urgency: '1' });
    expect(received.map(isSigned)).toEqual([true]);
    const incident = emulator.incident('INC0010001');
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      table: 'incident',
      operation: 'update',
      sys_id: incident.sys_id,
      number: 'INC0010001',
      sys_mod_count: '1',
      sys_updated_on: '2026-11-22 00:00:00',
      changed_fields: ['priority', 'urgency'],
      record: { number: 'INC0010001', urgency: '1', priority: '2', sys_updated_by: 'beth.anglin' },
    });
    expect(emulator.outboundDeliveries).toMatchObject([{ status: 204, attempts: 1, url }]);
    expect(emulator.effects.writes).toBe(0);
  });

  it('is not sent when nothing changed', async () => {
    await emulator.changeIncident('INC0010001', { urgency: '2' });
    expect(received).toEqual([]);
  });

  it('leaves out what the integration user wrote, so as not to loop', async () => {
    await patchAsIntegration();
    expect(received).toEqual([]);
    emulator.configureOutbound({ url, secret, includeOwn: true });
    await emulator.reset();
    await patchAsIntegration();
    expect(received.map(isSigned)).toEqual([true]);
  });

  it('is redelivered under its id', async () => {
    await emulator.changeIncident('INC0010001', { urgency: '1' });
    const [delivery] = emulator.outboundDeliveries;
    answer = 503;
    expect(await emulator.redeliver(delivery?.id ?? '')).toMatchObject({ status: 503, attempts: 2 });
    expect(received.map(({ headers }) => headers.get('x-connector-delivery'))).toEqual([delivery?.id, delivery?.id]);
    expect(received.map(isSigned)).toEqual([true, true]);
  });

  it('can be tampered with: no signature, wrong signature, stale, elsewhere', async () => {
    await emulator.changeIncident('INC0010001', { urgency: '1' });
    const id = emulator.outboundDeliveries[0]?.id ?? '';
    await emulator.redeliver(id, { signature: 'missing' });
    await emulator.redeliver(id, { signature: 'wrong' });
    await emulator.redeliver(id, { ageSeconds: 301 });
    await emulator.redeliver(id, { url: `${url}/elsewhere` });
    expect(received.map(isSigned)).toEqual([true, false, false, true, true]);
    expect(received[1]?.headers.has('x-connector-signature')).toBe(false);
    expect(received[3]?.headers.get('x-connector-timestamp')).toBe(String(now / 1000 - 301));
    expect(emulator.outboundDeliveries).toMatchObject([{ url, attempts: 1, status: 204 }]);
  });

  it('records that nobody answered', async () => {
    emulator.configureOutbound({ url: 'http://127.0.0.1:9/', secret });
    await emulator.changeIncident('INC0010001', { urgency: '1' });
    expect(emulator.outboundDeliveries).toMatchObject([{ status: null, attempts: 1 }]);
  });

  it('refuses a secret under 16 bytes, an unknown delivery and an unknown column', async () => {
    expect(() => emulator.configureOutbound({ url, secret: 'short' })).toThrow(
      expect.objectContaining({ code: 'OUTBOUND_INVALID' }),
    );
    await expect(emulator.redeliver('nope')).rejects.toMatchObject({ code: 'OUTBOUND_UNKNOWN' });
    await expect(emulator.changeIncident('INC0010001', { urgncy: '1' })).rejects.toMatchObject({
      code: 'COLUMN_UNKNOWN',
    });
    await expect(emulator.changeIncident('INC9', { urgency: '1' })).rejects.toMatchObject({ code: 'INCIDENT_UNKNOWN' });
  });
});

it('close gives up on a receiver that never answers', async () => {
  const other = await startServiceNowEmulator();
  const silent = createServer();
  const arrived = once(silent, 'request');
  other.configureOutbound({ url: `http://127.0.0.1:${await listen(silent, 0)}/`, secret });
  const change = other.changeIncident('INC0010001', { urgency: '1' });
  await arrived;
  await other.close();
  await change;
  expect(other.outboundDeliveries).toMatchObject([{ status: null, attempts: 1 }]);
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
});
