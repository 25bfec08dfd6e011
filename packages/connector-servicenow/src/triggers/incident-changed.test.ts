import { isConnectorError } from '@org/connector-sdk';
import {
  createTestContext,
  createTestDelivery,
  type Row,
  type ServiceNowEmulator,
  startServiceNowEmulator,
} from '@org/connector-testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentChanged } from './incident-changed.ts';

const { webhook, polling, eventKey, event } = incidentChanged;
const sysId = 'a9e30c7dc61122760116894de7bcc7bd';
const message = {
  table: 'incident',
  operation: 'update',
  sys_id: sysId,
  number: 'INC0010001',
  sys_mod_count: '7',
  sys_updated_on: '2026-03-01 23:59:59',
  changed_fields: ['priority'],
  record: { short_description: 'x', priority: '1', unknown: 1 },
};
const parse = async (body: unknown) => {
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return webhook?.parse(createTestDelivery({ body: text }));
};

describe('a message of the business rule', () => {
  it('is one event, keyed by record and version', async () => {
    const [found] = (await parse(message)) ?? [];
    expect(event.parse(found)).toEqual({
      sysId,
      number: 'INC0010001',
      operation: 'update',
      modCount: 7,
      updatedOn: '2026-03-01T23:59:59.000Z',
      changedFields: ['priority'],
      shortDescription: 'x',
      priority: '1',
    });
    expect(eventKey(event.parse(found))).toBe(`${sysId}:7`);
  });

  it('about another table or a deletion is none', async () => {
    expect(await parse({ ...message, table: 'problem' })).toEqual([]);
    expect(await parse({ ...message, operation: 'delete' })).toEqual([]);
  });

  it.each([
    ['a sys_id that is a query', { sys_id: 'x^ORy' }],
    ['a version that is no number', { sys_mod_count: 'NaN' }],
    ['a time that does not exist', { sys_updated_on: '2026-02-30 10:00:00' }],
    ['a local time', { sys_updated_on: '01.03.2026 10:00' }],
  ])('with %s is refused', async (_name, change) => {
    await expect(parse({ ...message, ...change })).rejects.toMatchObject({ code: 'SERVICENOW_DELIVERY_INVALID' });
  });

  it('of any bytes gives events or an ActionError', async () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc
        .record({ table: fc.anything(), sys_id: fc.anything(), sys_mod_count: fc.anything(), record: fc.anything() })
        .map((change) => new TextEncoder().encode(JSON.stringify({ ...message, ...change }) ?? '')),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        try {
          for (const found of (await parse(body)) ?? []) event.parse(found);
        } catch (error) {
          if (!isConnectorError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('polling', () => {
  let instance: ServiceNowEmulator;
  let clock = Date.parse('2026-03-01T12:00:00Z');
  const basic = { user: 'connector.integration', password: crypto.randomUUID() };
  const crowd: Row[] = Array.from({ length: 500 }, (_, index) => ({
    number: `INC${String(index).padStart(7, '0')}`,
    short_description: `row ${index}`,
  }));

  beforeAll(async () => {
    instance = await startServiceNowEmulator({ basic, seed: { incident: crowd }, clock: () => clock });
  });
  afterAll(() => instance.close());

  const poll = (cursor: string | undefined) => {
    const authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
    const context = createTestContext({ config: { instanceUrl: instance.url }, authorization });
    if (!polling) throw new Error('polling is expected');
    return polling.poll(context, cursor);
  };
  const sweep = async (from: string) => {
    const keys: string[] = [];
    let cursor = from;
    for (let more = true; more; ) {
      const page = await poll(cursor);
      keys.push(...page.events.map((found) => eventKey(event.parse(found))));
      ({ cursor, more } = page);
    }
    return { keys, cursor };
  };

  it('starts at now, without events of the past', async () => {
    expect(await poll(undefined)).toMatchObject({ events: [], more: false });
  });

  it('sees 500 rows of one second once each, then reaches back by the overlap, then sees a change', async () => {
    const { cursor: start } = await poll(undefined);
    const first = await sweep(start);
    expect(first.keys).toHaveLength(500);
    expect(new Set(first.keys).size).toBe(500);
    const second = await sweep(first.cursor);
    expect(new Set(second.keys)).toEqual(new Set(first.keys));
    clock += 600_000;
    await instance.changeIncident('INC0000042', { category: 'software' });
    const third = await sweep(second.cursor);
    expect(third.keys.filter((key) => !first.keys.includes(key))).toEqual([
      `${instance.incident('INC0000042').sys_id}:1`,
    ]);
    const fourth = await sweep(third.cursor);
    expect(fourth.keys).toEqual([`${instance.incident('INC0000042').sys_id}:1`]);
  });

  it('refuses a cursor that is not its own', async () => {
    await expect(poll('{"updatedOn":"x^OR1=1","afterId":"","skip":0}')).rejects.toMatchObject({
      code: 'SERVICENOW_CURSOR_INVALID',
    });
  });
});
