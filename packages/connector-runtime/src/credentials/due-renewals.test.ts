import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuditTrail } from '../audit/index.ts';
import { createOAuthBench, type OAuthBench, oauthManifest } from '../test-oauth-bench.ts';
import { Secret } from '../types/secret.ts';
import { createVault } from '../vault/index.ts';
import { createPostgresCredentialStore } from './postgres-credential-store.ts';

let bench: OAuthBench;

beforeAll(async () => {
  bench = await createOAuthBench();
});
afterAll(() => bench.close());

it('what is due and cannot be renewed keeps nobody else from being renewed', async () => {
  const { db, time } = bench;
  const tenant = await bench.seed('due', oauthManifest());
  const secrets = { clientId: 'client-1', accessToken: 'a-canary', refreshToken: 'r-canary' };
  const expiresAt = new Date(time.now + 60_000).toISOString();
  const names = ['broken', 'fine'];
  for (const name of names) {
    await tenant.connect('https://nowhere.example', { ...secrets, expiresAt }, { name });
  }
  await sql`update connector.credentials set renew_at = ${new Date(time.now - 1000)}`.execute(db);
  const vault = createVault({ db, masterKey: new Secret(randomBytes(32).toString('base64')) });
  const store = createPostgresCredentialStore(db, vault, createAuditTrail({ db, clock: { now: () => time.now } }));
  const asked = [];
  for (const _ of names) asked.push(...(await store.due(new Date(time.now), 1)).map(({ id }) => id));
  expect(new Set(asked).size).toBe(2);
  expect(await store.due(new Date(time.now), 10)).toEqual([]);
  time.now += 120_000;
  expect(await store.due(new Date(time.now), 10)).toHaveLength(2);
});
