import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newTransitKey, serveVault, type VaultServer } from '../../e2e/vault-server.ts';
import { createHashicorpVault } from '../hashicorp-vault.ts';
import { RuntimeError } from '../types/errors.ts';
import { createTransitWrapper, type TransitWrapperOptions } from './transit-wrapper.ts';

let server: VaultServer;
const learned: string[] = [];
const context = { tenantId: randomUUID(), version: 1 };
const dataKey = randomBytes(32);
const withCode = (code: string) => expect.objectContaining({ code });

beforeEach(async () => {
  server = await serveVault();
  server.keys.set('connector', newTransitKey());
  process.env.TEST_VAULT_TOKEN = server.token;
});
afterEach(async () => {
  delete process.env.TEST_VAULT_TOKEN;
  await server.close();
});

async function open(over: Partial<TransitWrapperOptions> = {}, namespace?: string) {
  const api = await createHashicorpVault(
    { address: server.url, token: { env: 'TEST_VAULT_TOKEN' }, namespace },
    {
      unavailable: (message, cause) => new RuntimeError('KEY_SERVICE_UNAVAILABLE', message, { cause }),
      learn: (token) => void learned.push(token),
    },
  );
  return createTransitWrapper({ api, key: 'connector', ...over });
}

describe.each([
  ['by associated data', false],
  ['by derivation context', true],
])('a key wrapped by transit, bound %s', (_, derived) => {
  beforeEach(() => void server.keys.set('connector', newTransitKey({ derived })));

  it('opens for its tenant and version, and for no other', async () => {
    const wrapper = await open({ derived });
    const wrapped = await wrapper.wrap(dataKey, context);
    expect(wrapped.toString()).toMatch(/^vault:v1:/);
    await expect(wrapper.unwrap(wrapped, context)).resolves.toEqual(dataKey);
    await expect(wrapper.unwrap(wrapped, { ...context, version: 2 })).resolves.toBeUndefined();
    await expect(wrapper.unwrap(wrapped, { ...context, tenantId: randomUUID() })).resolves.toBeUndefined();
  });

  it('is known to be old once the service rotated its key, and opens until that version is withdrawn', async () => {
    const wrapper = await open({ derived });
    const wrapped = await wrapper.wrap(dataKey, context);
    await expect(wrapper.isNewest?.(wrapped)).resolves.toBe(true);
    const key = server.keys.get('connector') ?? newTransitKey();
    key.versions.push(randomBytes(32));
    await expect(wrapper.isNewest?.(wrapped)).resolves.toBe(false);
    await expect(wrapper.unwrap(wrapped, context)).resolves.toEqual(dataKey);
    key.minDecryptionVersion = 2;
    await expect(wrapper.unwrap(wrapped, context)).rejects.toEqual(withCode('KEY_SERVICE_REFUSED'));
  });
});

describe('the transit wrapper', () => {
  it('rewraps within the service where the binding allows it', async () => {
    server.keys.set('connector', newTransitKey({ derived: true }));
    const wrapper = await open({ derived: true });
    const wrapped = await wrapper.wrap(dataKey, context);
    server.keys.get('connector')?.versions.push(randomBytes(32));
    const anew = (await wrapper.rewrap?.(wrapped, context)) ?? Buffer.alloc(0);
    expect(anew.toString()).toMatch(/^vault:v2:/);
    await expect(wrapper.unwrap(anew, context)).resolves.toEqual(dataKey);
    expect((await open()).rewrap).toBeUndefined();
  });

  it('opens nothing that is no ciphertext of the engine, without asking it', async () => {
    const wrapper = await open();
    await expect(wrapper.unwrap(Buffer.from('vault:v1:'), context)).resolves.toBeUndefined();
    await expect(wrapper.unwrap(randomBytes(60), context)).resolves.toBeUndefined();
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['a sealed server', { status: 503, errors: ['Vault is sealed'] }, 'KEY_SERVICE_UNAVAILABLE'],
    ['too many requests', { status: 429 }, 'KEY_SERVICE_UNAVAILABLE'],
    ['an internal error', { status: 500 }, 'KEY_SERVICE_UNAVAILABLE'],
    ['a bad gateway', { status: 502 }, 'KEY_SERVICE_UNAVAILABLE'],
    ['a replica that lags behind', { status: 412 }, 'KEY_SERVICE_UNAVAILABLE'],
    ['a connection that breaks', 'hang-up', 'KEY_SERVICE_UNAVAILABLE'],
    ['a refused token', { status: 403, errors: ['permission denied'] }, 'KEY_SERVICE_REFUSED'],
    ['an engine that is not there', { status: 404 }, 'KEY_SERVICE_REFUSED'],
    ['a redirect', { status: 307 }, 'KEY_SERVICE_REFUSED'],
    ['another key type', { status: 400, errors: ['associated_data provided for non-AEAD'] }, 'KEY_SERVICE_REFUSED'],
  ] as const)('says by its code what to do about %s', async (_, fails, code) => {
    const wrapper = await open();
    const wrapped = await wrapper.wrap(dataKey, context);
    server.fails = fails === 'hang-up' ? fails : { ...fails, errors: 'errors' in fails ? [...fails.errors] : [] };
    await expect(wrapper.wrap(dataKey, context)).rejects.toEqual(withCode(code));
    await expect(wrapper.unwrap(wrapped, context)).rejects.toEqual(withCode(code));
  });

  it('refuses a server whose namespace or key is another', async () => {
    await expect((await open({}, 'team-a')).wrap(dataKey, context)).rejects.toEqual(withCode('KEY_SERVICE_REFUSED'));
    await expect((await open({ key: 'other' })).wrap(dataKey, context)).rejects.toEqual(
      withCode('KEY_SERVICE_REFUSED'),
    );
  });

  it('takes a renewed token without a restart, and tells the scrubber of it', async () => {
    const wrapper = await open();
    process.env.TEST_VAULT_TOKEN = 'hvs.expired-token';
    await expect(wrapper.wrap(dataKey, context)).rejects.toEqual(withCode('KEY_SERVICE_REFUSED'));
    process.env.TEST_VAULT_TOKEN = server.token;
    await expect(wrapper.wrap(dataKey, context)).resolves.toBeInstanceOf(Buffer);
    expect(learned).toEqual(expect.arrayContaining(['hvs.expired-token', server.token]));
  });

  it('never repeats what the server said, or its token, in an error', async () => {
    server.fails = { status: 400, errors: [`about ${server.token}`] };
    const error: unknown = await (await open()).wrap(dataKey, context).catch((reason: unknown) => reason);
    expect(JSON.stringify(error)).not.toContain(server.token);
  });
});
