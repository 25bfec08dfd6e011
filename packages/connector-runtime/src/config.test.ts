import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRuntimeOptions, type RuntimeConfig } from './config.ts';
import { loadConfigFile } from './config-file.ts';
import { Secret } from './types/secret.ts';

const masterKey = randomBytes(32).toString('base64');
const token = randomBytes(32).toString('base64url');
const valid: RuntimeConfig = {
  port: 8080,
  publicUrl: 'https://connectors.example.com/',
  database: { dataDir: './data' },
  masterKey,
  admin: { token },
  trust: './trust.json',
  workflows: [{ name: 'triage', on: 'servicenow.incident-changed', run: async () => {} }],
};

function problemsOf(config: unknown): string[] {
  try {
    parseRuntimeOptions(config, '/etc/runtime/config.ts');
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    const { details, message } = error as { details: { problems: string[] }; message: string };
    expect(message).toBe(details.problems.join('\n'));
    for (const problem of details.problems) {
      expect(problem).not.toContain('\n');
      expect(problem).not.toContain(masterKey);
      expect(problem).not.toContain(token);
    }
    return details.problems;
  }
}

const transit = { address: 'https://vault.example.com:8200', key: 'connector', token: { file: './token' } };

describe('the config', () => {
  it('gets defaults and absolute paths', () => {
    const options = parseRuntimeOptions({ ...valid, artifacts: ['a.tgz'] }, '/etc/runtime/config.ts');
    expect(options).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      publicUrl: 'https://connectors.example.com',
      database: { dataDir: '/etc/runtime/data' },
      trust: '/etc/runtime/trust.json',
      artifacts: ['/etc/runtime/a.tgz'],
      egress: { allowPrivate: [] },
      http: { trustedProxies: [], forwardedHeader: 'x-forwarded-for', http2: false, drainSeconds: 0 },
      retention: { deliveryDays: 30, deadDeliveryDays: 90 },
      log: { level: 'info' },
    });
    expect(options.masterKey instanceof Secret && options.masterKey.reveal()).toBe(masterKey);
  });

  it('bounds what senders may cost, and refuses bounds that take nothing or too little', () => {
    const limits = { webhooks: { rate: { perSecond: 5, burst: 10 } }, connections: { maxConnections: 50 } };
    expect(parseRuntimeOptions({ ...valid, limits }, 'c.ts').limits).toEqual(limits);
    expect(parseRuntimeOptions(valid, 'c.ts').limits).toEqual({ webhooks: {}, connections: {} });
    const wrong = {
      webhooks: { rate: { perSecond: 0, burst: 1 }, maxBytesInHand: 1000, maxRequest: 5 },
      connections: { headersTimeoutMs: 0 },
    };
    const problems = problemsOf({ ...valid, limits: wrong }).join('\n');
    for (const name of ['perSecond', 'maxBytesInHand', 'maxRequest', 'headersTimeoutMs']) {
      expect(problems).toContain(name);
    }
  });

  it('takes a master key from where it is kept, files being relative to the config', () => {
    const keysOf = (masterKeys: readonly unknown[]) => {
      const [first, ...previousMasterKeys] = masterKeys;
      const options = parseRuntimeOptions({ ...valid, masterKey: first, previousMasterKeys }, '/etc/runtime/config.ts');
      return [options.masterKey, ...options.previousMasterKeys];
    };
    const awsKms = { keyId: 'arn:aws:kms:eu-central-1:111122223333:key/a', region: 'eu-central-1' };
    const own = { id: 'own', wrap: async () => Buffer.alloc(0), unwrap: async () => undefined };
    expect(
      keysOf([{ file: './master.key' }, { env: 'MASTER_KEY' }, { transit }, { awsKms }, { wrapper: own }]),
    ).toEqual([
      { file: '/etc/runtime/master.key' },
      { env: 'MASTER_KEY' },
      { transit: { ...transit, token: { file: '/etc/runtime/token' } } },
      { awsKms },
      { wrapper: own },
    ]);
  });

  it.each(['https://example.com/connectors', 'https://example.com/connectors/'])(
    'takes %s, which has a path',
    (url) => {
      const { publicUrl } = parseRuntimeOptions({ ...valid, publicUrl: url }, 'config.ts');
      expect(publicUrl).toBe('https://example.com/connectors');
    },
  );

  it('can be printed without its secrets', () => {
    const options = parseRuntimeOptions(valid, 'config.ts');
    expect(JSON.stringify(options)).not.toContain(masterKey);
    expect(JSON.stringify(options)).not.toContain(token);
  });

  it('says that the port is missing', () => {
    const { port: _, ...portless } = valid;
    expect(problemsOf(portless)).toEqual([expect.stringContaining('port is missing')]);
  });

  it('names every problem, one line each', () => {
    expect(problemsOf({ ...valid, port: 'x', trust: undefined, extra: 1 })).toHaveLength(3);
  });

  it.each<[string, object]>([
    ['a port out of range', { port: 65536 }],
    ['a public address with a query', { publicUrl: 'https://example.com/runtime?a=b' }],
    ['a public address whose path has an empty part', { publicUrl: 'https://example.com//runtime' }],
    ['a proxy that is no address', { http: { trustedProxies: ['proxy.internal'] } }],
    ['trust in every address', { http: { trustedProxies: ['0.0.0.0/0'] } }],
    ['a draining that never ends', { http: { drainSeconds: 301 } }],
    ['plain http outside loopback', { publicUrl: 'http://example.com' }],
    ['both kinds of database', { database: { dataDir: 'x', url: 'postgres://h/d' } }],
    ['another kind of database', { database: { url: 'mysql://h/d' } }],
    ['a master key of 31 bytes', { masterKey: Buffer.alloc(31).toString('base64') }],
    ['a master key with junk in it', { masterKey: `${masterKey}!` }],
    ['a master key that is nowhere', { masterKey: {} }],
    ['a master key in two places', { masterKey: { file: 'a', env: 'A' } }],
    ['a previous master key that is none', { previousMasterKeys: ['x'] }],
    ['a key service over plain http', { masterKey: { transit: { ...transit, address: 'http://vault.example.com' } } }],
    ['a key service with a path', { masterKey: { transit: { ...transit, address: 'https://vault.example.com/x' } } }],
    ['a key name that leads elsewhere', { masterKey: { transit: { ...transit, key: '../sys/raw' } } }],
    ['a key service without a token', { masterKey: { transit: { ...transit, token: 'hvs.literal' } } }],
    ['a wrapper that can only wrap', { masterKey: { wrapper: { id: 'x', wrap: async () => Buffer.alloc(0) } } }],
    [
      'a reference vault over plain http',
      { secretReferences: { vault: { ...transit, address: 'http://example.com' } } },
    ],
    ['a short admin token', { admin: { token: 'x'.repeat(31) } }],
    ['a misspelt option', { workflow: [] }],
    ['what is no workflow', { workflows: [{ name: 'x' }] }],
    ['two workflows of one name', { workflows: [...valid.workflows, ...valid.workflows] }],
    ['an unknown log level', { log: { level: 'loud' } }],
    ['deliveries that are kept for less than 30 days (pitfall 9)', { retention: { deliveryDays: 29 } }],
    ['dead deliveries that are kept for less than 30 days', { retention: { deadDeliveryDays: 29.5 } }],
    ['an option under egress that would allow everything', { egress: { allowAll: true } }],
  ])('refuses %s', (_, change) => {
    expect(problemsOf({ ...valid, ...change })).not.toEqual([]);
  });

  it('refuses anything else with problems, never a crash', () =>
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(problemsOf(value).length).toBeGreaterThan(0);
      }),
    ));
});

describe('a config file', () => {
  const write = async (text: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'config-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'runtime.config.mjs');
    await writeFile(file, text);
    return file;
  };

  it('is run and checked, its paths being relative to it', async () => {
    const file = await write(`export default ${JSON.stringify({ ...valid, workflows: [] })}`);
    expect(await loadConfigFile(file)).toMatchObject({ port: 8080, trust: join(file, '../trust.json') });
  });

  it('that is not there is CONFIG_MISSING', async () => {
    await expect(loadConfigFile('/nowhere/config.ts')).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
  });

  it.each([
    ['that throws', 'throw new Error("set PORT in the environment")'],
    ['that is no JavaScript', 'export default {'],
    ['that exports nothing', 'export {}'],
  ])('%s is CONFIG_INVALID', async (_, text) => {
    await expect(loadConfigFile(await write(text))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
