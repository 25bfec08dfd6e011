import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../types/retry-after.ts';
import { MAX_BLOCK_MS, readAnswer } from './read-answer.ts';

const NOW = Date.UTC(2026, 10, 30, 12);
const DATE = new Date(NOW).toUTCString();
const read = (status: number, headers: Record<string, string>) => readAnswer({ status, headers }, NOW);
const seconds = (inMs: number) => String((NOW + inMs) / 1000);

describe('what an answer says of the next request', () => {
  it.each<[string, number, Record<string, string>, number | undefined]>([
    [
      'retry-after first',
      403,
      { 'retry-after': '7', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(90_000) },
      7_000,
    ],
    ['retry-after first, under a 429', 429, { 'retry-after': '7' }, 7_000],
    [
      'else the reset when nothing remains',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(90_000) },
      90_000,
    ],
    ['else at least a minute', 429, { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': seconds(5_000) }, 60_000],
    ['a 403 that is none', 403, { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': seconds(5_000) }, undefined],
  ])('of GitHub, whose secondary limits are 403 or 429 (pitfall 36): %s', (_, status, headers, forMs) => {
    expect(read(status, headers)?.forMs).toBe(forMs);
  });

  it('of ServiceNow: the wait, and the rule by its name', () => {
    const headers = { 'retry-after': '41', 'x-ratelimit-limit': '100', 'x-ratelimit-rule': 'Incident table' };
    expect(read(429, headers)).toEqual({ forMs: 41_000, status: 429, rule: 'Incident table' });
  });

  it('of Slack: the wait, under a 429', () => {
    expect(read(429, { 'retry-after': '30' })).toEqual({ forMs: 30_000, status: 429 });
  });

  it.each([
    ['the seconds of a 503', 503, { 'retry-after': '120' }, 120_000],
    ['a date', 503, { 'retry-after': new Date(NOW + 30_000).toUTCString() }, 30_000],
    [
      'a date by the clock of who sent it',
      429,
      { 'retry-after': new Date(NOW + 3_630_000).toUTCString(), date: new Date(NOW + 3_600_000).toUTCString() },
      30_000,
    ],
    [
      'a reset by the clock of who sent it',
      200,
      {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': seconds(3_630_000),
        date: new Date(NOW + 3_600_000).toUTCString(),
      },
      30_000,
    ],
    [
      'a reset in milliseconds',
      200,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW + 5_000), date: DATE },
      5_000,
    ],
    ['a reset in seconds from now', 429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '17' }, 17_000],
    ['a date that has passed', 503, { 'retry-after': new Date(NOW - 30_000).toUTCString() }, 0],
  ])('reads %s', (_, status, headers, forMs) => {
    expect(read(status, headers as Record<string, string>)?.forMs).toBe(forMs);
  });

  it.each([
    ['a success with something left', 200, { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': seconds(5_000) }],
    ['a success that names a wait', 200, { 'retry-after': '30' }],
    ['a 503 that names none', 503, {}],
    ['a refusal', 403, {}],
    ['a reset that is no number', 200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }],
  ])('says nothing against the next one: %s', (_, status, headers) => {
    expect(read(status, headers as Record<string, string>)).toBeUndefined();
  });

  it('is believed for a day at most', () => {
    expect(read(429, { 'retry-after': '999999999' })?.forMs).toBe(MAX_BLOCK_MS);
  });

  it('never fails, and never gives a time that is none, whatever the headers', () => {
    const text = fc.oneof(
      fc.string(),

      fc.integer().map(String),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    const name = fc.constantFrom(
      'retry-after',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'x-ratelimit-rule',
      'date',
    );
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.dictionary(name, text), (status, headers) => {
        const pause = read(status, headers);
        if (pause === undefined) return;
        expect(pause.forMs).toBeGreaterThanOrEqual(0);
        expect(pause.forMs).toBeLessThanOrEqual(MAX_BLOCK_MS);
      }),
    );
  });
});

describe('Retry-After', () => {
  it('is read back for any number of seconds and any date', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (wait) => {
        expect(retryAfterMs(String(wait), NOW)).toBe(wait * 1000);
        expect(retryAfterMs(new Date(NOW + wait * 1000).toUTCString(), NOW)).toBe(wait * 1000);
      }),
    );
  });

  it.each(['-1', '1.5', '1e3', '0x10', '+3', '', ' ', '3 seconds', 'Infinity', '12345678901', '2026-11-30'])(
    'is none: %j',
    (text) => {
      expect(retryAfterMs(text, NOW)).toBeUndefined();
    },
  );
});
