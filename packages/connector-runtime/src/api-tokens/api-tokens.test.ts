import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditTrail } from '../audit/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createTestTenants } from '../tenants/test-tenant.ts';
import { DEPLOYMENT } from '../types/audit.ts';
import { silentLog } from '../types/log.ts';
import { createApiTokens } from './api-tokens.ts';

const DAY_S = 86_400;
let database: TestDatabase;
let now: number;
let tenantId: string;
let other: string;
const clock = { now: () => now };
const by = 'admin:root';

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  now = 1_800_000_000_000;
  const { tenants } = createTestTenants(database.store, clock);
  tenantId = (await tenants.createTenant({ name: 'acme', by })).id;
  other = (await tenants.createTenant({ name: 'other', by })).id;
});
afterAll(() => database?.close());

/** One process: its memory is its own. */
const createNode = () => {
  const audit = createAuditTrail({ db: database.db, clock });
  return createApiTokens({ store: database.store, audit, clock, log: silentLog, reserved: ['root'] });
};
const request = (name: string, more: { tenantId?: string } = {}) =>
  ({ name, roles: ['viewer'], expiresInSeconds: DAY_S, by, ...more }) as const;
const rows = () => database.db.selectFrom('connector.api_tokens').selectAll().orderBy('id').execute();
const entries = async (of: string) => {
  const found = await database.db
    .selectFrom('connector.audit_entries')
    .select('body')
    .where('tenant_id', '=', of)
    .execute();
  return found.map(({ body }) => JSON.parse(body) as { kind: string; actor: string; details: object });
};

describe('a token', () => {
  it('is stored as its hash only, and told once', async () => {
    const node = createNode();
    const { token, id } = await node.create(request('ci', { tenantId }));
    expect(token.reveal()).toMatch(/^ctk_[\w-]{43}$/);
    const [row] = await rows();
    expect(row).toMatchObject({ id, token_hash: createHash('sha256').update(token.reveal()).digest() });
    const shown = JSON.stringify([await node.list(tenantId), await rows(), await entries(tenantId)]);
    expect(shown).not.toContain(token.reveal());
    expect(shown).not.toContain(token.reveal().slice(4, 20));
  });

  it('names its holder within its tenant, or for the deployment, so that no two are one', async () => {
    const node = createNode();
    const [inTenant, whole] = [await node.create(request('ops', { tenantId })), await node.create(request('ops'))];
    expect(await node.holderOf(inTenant.token.reveal())).toEqual({ actor: 'token:ops', roles: ['viewer'], tenantId });
    expect(await node.holderOf(whole.token.reveal())).toEqual({
      actor: 'admin:ops',
      roles: ['viewer'],
      tenantId: undefined,
    });
    expect((await node.create(request('ops', { tenantId: other }))).tenantId).toBe(other);
  });

  it.each([
    ['of the deployment', {}],
    ['of a tenant', { tenant: true }],
  ])(
    '%s has a name that was never another’s, also not a revoked one’s',
    async (_, { tenant }: { tenant?: boolean }) => {
      const node = createNode();
      const place = tenant ? { tenantId } : {};
      const { id } = await node.create(request('ci', place));
      await node.revoke({ tokenId: id, by, ...place });
      await expect(node.create(request('ci', place))).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    },
  );

  it('can’t be called like the one of the config', async () => {
    await expect(createNode().create(request('root'))).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  });

  it('needs a tenant that there is', async () => {
    await expect(createNode().create(request('ci', { tenantId: DEPLOYMENT }))).rejects.toMatchObject({
      code: 'TENANT_UNKNOWN',
    });
  });

  it('ends when it expires, also where it is remembered', async () => {
    const node = createNode();
    const { token } = await node.create(request('ci', { tenantId }));
    now += DAY_S * 1000 - 1;
    expect(await node.holderOf(token.reveal())).toBeDefined();
    now += 1;
    expect(await node.holderOf(token.reveal())).toBeUndefined();
  });

  it('ends on every node within two seconds of its revocation', async () => {
    const [node, another] = [createNode(), createNode()];
    const { token, id } = await node.create(request('ci', { tenantId }));
    for (const one of [node, another]) expect(await one.holderOf(token.reveal())).toBeDefined();
    await node.revoke({ tenantId, tokenId: id, by });
    now += 2_000;
    for (const one of [node, another]) expect(await one.holderOf(token.reveal())).toBeUndefined();
  });

  it('is revoked from its own place only', async () => {
    const node = createNode();
    const { id } = await node.create(request('ci', { tenantId }));
    for (const place of [{}, { tenantId: other }]) {
      await expect(node.revoke({ tokenId: id, by, ...place })).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN' });
    }
    expect(await rows()).toMatchObject([{ revoked_at: null }]);
    expect(await node.list(other)).toEqual([]);
    expect(await node.list()).toEqual([]);
  });

  it('is looked up only if it is of the form that is given out', async () => {
    const node = createNode();
    for (const given of ['', 'ctk_', `ctk_${'A'.repeat(42)}`, `xtk_${'A'.repeat(43)}`, `ctk_${'A'.repeat(43)}`]) {
      expect(await node.holderOf(given)).toBeUndefined();
    }
  });
});

it('notes the last use once in five minutes, not with every request', async () => {
  const node = createNode();
  const { token } = await node.create(request('ci', { tenantId }));
  const first = now;
  for (let minute = 0; minute < 5; minute++) {
    await node.holderOf(token.reveal());
    now += 60_000;
  }
  expect(await rows()).toMatchObject([{ last_used_at: new Date(first) }]);
  await node.holderOf(token.reveal());
  expect(await rows()).toMatchObject([{ last_used_at: new Date(now) }]);
});

it('audits creation and revocation once, where the token belongs', async () => {
  const node = createNode();
  const { id } = await node.create(request('ci', { tenantId }));
  await node.create(request('ci'));
  for (let again = 0; again < 2; again++) await node.revoke({ tenantId, tokenId: id, by });
  const own = (await entries(tenantId)).filter(({ kind }) => kind.startsWith('token.'));
  expect(own).toMatchObject([
    { kind: 'token.created', actor: by, details: { name: 'ci', roles: ['viewer'] } },
    { kind: 'token.revoked', actor: by, details: { name: 'ci' } },
  ]);
  expect(await entries(DEPLOYMENT)).toMatchObject([{ kind: 'token.created' }]);
});
