import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import { createLog } from './create-log.ts';
import { createScrubber } from './scrubber.ts';

let lines: string[];
beforeEach(() => {
  lines = [];
});
const scrubber = createScrubber();
const createTestLog = () =>
  createLog({
    level: 'info',
    clock: { now: () => Date.UTC(2026, 0, 2) },
    scrubber,
    destination: { write: (line) => void lines.push(line) },
  });

describe('the log', () => {
  it('writes JSON lines with the injected time', () => {
    createTestLog().child({ node: 'a' }).info('ready', { port: 1 });
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: '2026-01-02T00:00:00.000Z',
      pid: process.pid,
      node: 'a',
      port: 1,
      msg: 'ready',
    });
  });

  it('is quiet below its level', () => {
    createTestLog().debug('no');
    expect(lines).toEqual([]);
  });

  it('never prints a known secret, wherever it is in the fields, the message or an error', () => {
    const secret = 'kx-7261-secret-"quoted"\\';
    scrubber.register(secret);
    const holders: ((value: string) => unknown)[] = [
      (value) => value,
      (value) => ({ a: [{ b: value }] }),
      (value) => ({ [value]: 1 }),
      (value) => new Map([['k', value]]),
      (value) => new Set([value]),
      (value) => new Error(`failed with ${value}`),
      (value) => new RuntimeError('CONFIG_INVALID', 'x', { details: { value }, cause: new Error(value) }),
      (value) => ({
        url: new URL(`https://user:${encodeURIComponent(value)}@example.com/?t=${encodeURIComponent(value)}`),
      }),
      (value) => Buffer.from(value),
      (value) => new Secret(value),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...holders),
        fc.constantFrom('utf8', 'hex', 'base64', 'base64url'),
        (hold, encoding) => {
          lines.length = 0;
          const text = Buffer.from(secret).toString(encoding as BufferEncoding);
          createTestLog()
            .child({ inherited: hold(text) })
            .error(`message ${text}`, { field: hold(text) });
          const written = lines.join('');
          const core = Buffer.from(secret).toString('base64url').slice(0, 20);
          for (const leaked of ['7261-secret', encodeURIComponent(secret), Buffer.from(secret).toString('hex'), core]) {
            expect(written).not.toContain(leaked);
          }
        },
      ),
    );
    scrubber.unregister(secret);
  });

  it('scrubs a secret that was learned after the child log was made', () => {
    const child = createTestLog().child({ text: 'learned-later' });
    scrubber.register('learned-later');
    child.info('x');
    scrubber.unregister('learned-later');
    expect(lines.join('')).not.toContain('learned-later');
  });

  it('redacts by name what it cannot know', () => {
    createTestLog().info('x', { headers: { Authorization: 'Bearer unknown', cookie: 'unknown', accept: 'json' } });
    expect(lines.join('')).not.toContain('unknown');
    expect(lines.join('')).toContain('"accept":"json"');
  });

  it('survives what JSON can not hold', () => {
    const circular: Record<string, unknown> = { big: 1n, run: () => {}, at: new Date(Number.NaN) };
    circular.self = circular;
    createTestLog().info('x', { circular });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      circular: { big: '1', run: '[function]', at: 'Invalid Date', self: '[circular]' },
    });
  });
});
