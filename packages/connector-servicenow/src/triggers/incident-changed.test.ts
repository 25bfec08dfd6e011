import { isConnectorError } from '@org/connector-sdk';
import { createTestDelivery } from '@org/connector-testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incidentChanged } from './incident-changed.ts';

const { webhook, eventKey, event } = incidentChanged;
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
