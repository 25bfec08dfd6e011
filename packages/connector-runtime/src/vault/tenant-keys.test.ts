import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import { createLocalWrapper } from './local-wrapper.ts';
import type { KeyRow, KeyStore } from './postgres-key-store.ts';
import { createTenantKeys } from './tenant-keys.ts';

let now: number;
let unwraps: number;
let fails: RuntimeError | undefined;
let rows: KeyRow[];
const local = createLocalWrapper(new Secret(randomBytes(32).toString('base64')));
const withCode = (code: string) => expect.objectContaining({ code });

const wrapper: KeyWrapper = {
  ...local,
  async wrap(key, context) {
    if (fails) throw fails;
    return local.wrap(key, context);
  },
  async unwrap(wrapped, context) {
    unwraps += 1;
    if (fails) throw fails;
    return local.unwrap(wrapped, context);
  },
};
const store: KeyStore = {
  read: async () => rows,
  async insert(_, row) {
    rows.push({ ...row, resealed: false });
  },
};
const newKeys = () => createTenantKeys({ store, wrappers: [wrapper], clock: { now: () => now } });

beforeEach(() => {
  [now, unwraps, fails, rows] = [1_000_000, 0, undefined, []];
});

describe("a tenant's key in memory", () => {
  it('is asked of its wrapper once, however many need it at the same time', async () => {
    await newKeys().newest('t');
    // Making the key asked as well, to see that it opens.
    unwraps = 0;
    const keys = newKeys();
    await keys.newest('t');
    await Promise.all(Array.from({ length: 50 }, () => keys.version('t', 1)));
    expect(unwraps).toBe(1);
  });

  it('is asked for again after five minutes: what a key service withdraws ends then', async () => {
    const keys = newKeys();
    await keys.newest('t');
    fails = new RuntimeError('KEY_SERVICE_REFUSED', 'withdrawn');
    now += 299_999;
    await expect(keys.newest('t')).resolves.toMatchObject({ version: 1 });
    now += 1;
    await expect(keys.newest('t')).rejects.toEqual(withCode('KEY_SERVICE_REFUSED'));
  });

  it('is looked up in the database every ten seconds, for rotations and shredding elsewhere', async () => {
    const keys = newKeys();
    await keys.newest('t');
    rows = rows.map((row) => ({ ...row, wrapped: null }));
    now += 9_999;
    await expect(keys.newest('t')).resolves.toMatchObject({ version: 1 });
    now += 1;
    await expect(keys.newest('t')).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
  });

  it('is found at once when another node made a newer one', async () => {
    const keys = newKeys();
    await keys.newest('t');
    const wrapped = await local.wrap(randomBytes(32), { tenantId: 't', version: 2 });
    rows = [...rows, { version: 2, wrapped, wrapper: local.id, resealed: false }];
    await expect(keys.version('t', 2)).resolves.toBeDefined();
  });
});

describe('a key service that does not answer', () => {
  beforeEach(() => {
    fails = new RuntimeError('KEY_SERVICE_UNAVAILABLE', 'gone');
  });

  it('is an error, and nothing is sealed without it', async () => {
    await expect(newKeys().newest('t')).rejects.toEqual(withCode('KEY_SERVICE_UNAVAILABLE'));
    expect(rows).toEqual([]);
  });

  it('is not asked for each call, and asked again after a second', async () => {
    fails = undefined;
    await newKeys().newest('t');
    fails = new RuntimeError('KEY_SERVICE_UNAVAILABLE', 'gone');
    const keys = newKeys();
    unwraps = 0;
    for (let call = 0; call < 5; call += 1) {
      await expect(keys.newest('t')).rejects.toEqual(withCode('KEY_SERVICE_UNAVAILABLE'));
    }
    expect(unwraps).toBe(1);
    now += 1_000;
    fails = undefined;
    await expect(keys.newest('t')).resolves.toMatchObject({ version: 1 });
  });

  it('does not stop what is in memory already', async () => {
    fails = undefined;
    const keys = newKeys();
    await keys.newest('t');
    fails = new RuntimeError('KEY_SERVICE_UNAVAILABLE', 'gone');
    await expect(keys.version('t', 1)).resolves.toBeDefined();
  });
});
