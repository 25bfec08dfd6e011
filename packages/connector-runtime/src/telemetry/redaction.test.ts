import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../types/audit.ts';
import { RuntimeError } from '../types/errors.ts';
import { createLog } from './create-log.ts';
import { redactPatterns } from './credential-patterns.ts';
import { createScrubbedAudit } from './scrubbed-audit.ts';
import { createScrubber } from './scrubber.ts';
import { isSensitiveName } from './sensitive-names.ts';

let lines: string[];
beforeEach(() => {
  lines = [];
});
const newLog = (scrubber = createScrubber()) =>
  createLog({
    level: 'debug',
    clock: { now: () => 0 },
    scrubber,
    destination: { write: (line) => void lines.push(line) },
  });
const random = () => randomBytes(18).toString('base64url');

describe('fields', () => {
  it.each([
    'authorization',
    'Authorization',
    'Proxy-Authorization',
    'set-cookie',
    'Cookie',
    'password',
    'db_password',
    'passwd',
    'passphrase',
    'token',
    'accessToken',
    'refresh_token',
    'id-token',
    'x-auth-token',
    'X-Vault-Token',
    'xsrfToken',
    'secret',
    'secrets',
    'clientSecret',
    'client_secret',
    'slack signing secret',
    'api_key',
    'apiKey',
    'X-API-Key',
    'privateKey',
    'masterKey',
    'credential',
    'credentials',
    'client_assertion',
    'code_verifier',
  ])('named %s are redacted, whatever they hold and wherever they are', (name) => {
    const value = random();
    newLog().info('x', {
      [name]: value,
      nested: { list: [{ [name]: value }] },
      map: new Map([[name, value]]),
      pairs: [[name, value]],
      raw: ['accept', 'json', name, value],
      headers: /^[\w-]+$/.test(name) ? new Headers({ [name]: value }) : undefined,
      error: new RuntimeError('CONFIG_INVALID', 'x', { details: { [name]: [value] } }),
    });
    expect(lines.join('')).not.toContain(value);
    expect(lines.join('')).toContain('"accept","json"');
  });

  it.each(['tokenUrl', 'idempotencyKey', 'keyId', 'maxTokens', 'connectionId', 'secretary', 'passage', 'author'])(
    'named %s are kept',
    (name) => {
      expect(isSensitiveName(name)).toBe(false);
    },
  );
});

describe('an error', () => {
  it('shows no secret in its message, stack, cause, details or parts', () => {
    const secret = random();
    const scrubber = createScrubber();
    scrubber.register(secret);
    const cause = new TypeError(`deep ${secret}`, { cause: `deeper ${secret}` });
    const parts = new AggregateError([new Error(`part ${secret}`)], `all ${secret}`);
    const error = new RuntimeError('CONFIG_INVALID', `with ${secret}`, { details: { a: [`${secret}`] }, cause });
    Object.assign(error, { request: { headers: { accept: secret } } });
    newLog(scrubber).error(`failed: ${secret}`, { error, parts });
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).toContain('part [secret]');
    expect(lines.join('')).toContain('deeper [secret]');
  });
});

describe('text', () => {
  it.each([
    ['a bearer header', (value: string) => `authorization: Bearer ${value}`],
    ['a basic header', (value: string) => `Basic ${Buffer.from(`user:${value}`).toString('base64')}`],
    ['a URL with a user', (value: string) => `connect postgres://user:${value}@localhost:5432/db failed`],
    ['a query', (value: string) => `GET https://example.com/a?x=1&access_token=${value}&y=2`],
    ['a callback', (value: string) => `/oauth/callback?code=${value}&state=${value}`],
    ['a GitHub token', (value: string) => `ghs_${value.replaceAll(/[-_]/g, 'x')} was refused`],
    ['a Slack token', (value: string) => `invalid xoxb-${value.replaceAll('_', '-')}`],
    ['a JWT', (value: string) => `eyJhbGciOiJ9.${value}.${value}`],
    ['a private key', (value: string) => `-----BEGIN RSA PRIVATE KEY-----\n${value}\n-----END RSA PRIVATE KEY-----`],
  ])('shows by its place what nobody told us of: %s', (_, write) => {
    const value = `A1${random()}`;
    const text = redactPatterns(`before ${write(value)} after`);
    expect(text).toContain('[redacted]');
    for (const part of [value, value.replaceAll(/[-_]/g, 'x'), value.replaceAll('_', '-')]) {
      expect(text).not.toContain(part);
    }
    expect(text).not.toContain(Buffer.from(value).toString('base64').slice(4, -4));
    expect(text.startsWith('before ')).toBe(true);
    expect(text.endsWith(' after')).toBe(true);
  });

  it('without any is left as it is', () => {
    for (const text of [
      'a bearer of good news',
      'basic authentication works',
      'https://example.com/a?b=c',
      'token endpoint',
    ]) {
      expect(redactPatterns(text)).toBe(text);
    }
  });

  it('is searched in time that grows with its length, not faster', () => {
    const hostile = fc.constantFrom(
      'bearer ',
      'a://',
      '?key=',
      'eyJ.',
      '-----BEGIN PRIVATE KEY-----',
      'a'.repeat(50),
      '@',
    );
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1000, maxLength: 2000 }), (parts) => {
        redactPatterns(parts.join(''));
      }),
      { numRuns: 20 },
    );
  });
});

describe('forms of a secret', () => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${randomBytes(48).toString('base64')}\n${randomBytes(48).toString('base64')}\n-----END PRIVATE KEY-----\n`;
  const forms: Record<string, (text: string) => string> = {
    'JSON within JSON': (text) => JSON.stringify(JSON.stringify({ text })),
    'JSON in ASCII alone': (text) =>
      JSON.stringify(text).replaceAll(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    'one line of it': (text) => `bad line: ${text.split('\n')[1]}`,
    'a Basic pair': (text) => Buffer.from(`user:${text}`).toString('base64'),
    'base64url without padding': (text) => Buffer.from(text).toString('base64url'),
  };
  it.each(Object.keys(forms))('are found: %s', (name) => {
    for (const secret of [pem, 'kö-"quoted"\\\nsecond line of it', `p${random()}`]) {
      const scrubber = createScrubber();
      scrubber.register(secret);
      const text = forms[name]?.(secret) ?? '';
      if (name === 'one line of it' && !secret.includes('\n')) continue;
      const left = scrubber.scrub(text);
      expect(left).toContain('[secret]');
      expect(left).not.toContain(secret.split('\n')[1] ?? secret);
    }
  });

  it('leave what every key begins with', () => {
    const scrubber = createScrubber();
    scrubber.register(pem);
    expect(scrubber.scrub('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----');
  });
});

describe('the audit', () => {
  it('records no secret, wherever in a record it is', () => {
    const secret = random();
    const scrubber = createScrubber();
    scrubber.register(secret);
    const records: AuditRecord[] = [];
    const trail = createScrubbedAudit(
      {
        append: (record) => {
          records.push(record);
          throw new Error('not run');
        },
        commit: async ({ record }) => void records.push(record),
        record: async (record) => void records.push(record),
      },
      scrubber,
    );
    const record = {
      tenantId: 't',
      kind: 'x.happened',
      actor: `someone ${secret}`,
      subject: secret,
      details: { message: `failed with ${secret}`, [secret]: 1, list: [{ a: `Bearer A1${random()}` }], count: 2 },
    };
    expect(() => trail.append(record)).toThrow();
    void trail.record(record);
    void trail.commit({ record, order: '', change: sql`x as (select 1)`, made: sql`1 from x` });
    expect(records).toHaveLength(3);
    for (const written of records) {
      expect(JSON.stringify(written)).not.toContain(secret);
      expect(written).toMatchObject({ tenantId: 't', kind: 'x.happened', details: { count: 2 } });
      expect(JSON.stringify(written)).toContain('Bearer [redacted]');
    }
  });
});
