import { validate, version } from 'uuid';
import { expect, it } from 'vitest';
import { newDeliveryId } from './delivery-id.ts';

it('is a UUIDv7 that begins with its time, and no two are the same', () => {
  const now = Date.parse('2026-11-22T12:00:00.123Z');
  const ids = Array.from({ length: 1000 }, () => newDeliveryId(now));
  expect(new Set(ids).size).toBe(1000);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  expect(new Set(ids.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)))).toEqual(new Set([now]));
});
