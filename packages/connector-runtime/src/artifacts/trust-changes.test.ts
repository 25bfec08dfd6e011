import { packArtifact, type Signer, type TrustPolicy } from '@org/connector-artifact';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newSigner, signedProbe } from '../../e2e/probe-connector/signed-probe.ts';
import { createAuditTrail } from '../audit/index.ts';
import { createHostPool } from '../hosts/index.ts';
import { callProbe } from '../hosts/test-call-probe.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { RuntimeError } from '../types/errors.ts';
import { silentLog } from '../types/log.ts';
import { type ArtifactRegistry, createArtifactRegistry } from './artifact-registry.ts';
import { trustOf } from './test-trust.ts';
import { createTrustWatch } from './trust-watch.ts';

const clock = { now: () => Date.parse('2026-11-22T12:00:00Z') };
const revoked = { at: '2026-11-01T00:00:00Z', reason: 'stolen' };
const failing = (code: string) => expect.objectContaining({ code });

let database: TestDatabase;
let signer: Signer;
let archives: readonly Uint8Array[];
let policy: TrustPolicy | Error;

beforeAll(async () => {
  database = await createTestDatabase();
  signer = newSigner();
  archives = [packArtifact(await signedProbe(signer)), packArtifact(await signedProbe(signer, '1.0.1'))];
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  policy = withSerial(7);
});

const withSerial = (serial: number | undefined, key: Record<string, unknown> = {}) =>
  trustOf({ keys: [{ signer, ...key }], policy: serial === undefined ? {} : { serial } });

function node(db = database.db): ArtifactRegistry {
  const trust = () => {
    if (policy instanceof Error) throw policy;
    return policy;
  };
  return createArtifactRegistry({ db, audit: createAuditTrail({ db, clock }), trust, clock, log: silentLog });
}

async function audited(prefix: string): Promise<unknown[]> {
  const rows = await database.db.selectFrom('connector.audit_entries').select('body').orderBy('seq').execute();
  const entries = rows.map(({ body }) => JSON.parse(body) as { kind: string; subject: string; details: object });
  return entries.filter(({ kind }) => kind.startsWith(prefix)).map(({ kind, details }) => [kind, details]);
}

describe('a sweep', () => {
  it('finds what was opened and may no longer run, once, and audits it', async () => {
    const one = node();
    const digests = await Promise.all(archives.map(async (archive) => (await one.add(archive)).digest));
    for (const digest of digests) await one.open(digest);
    expect(await one.sweep()).toEqual([]);
    policy = withSerial(8, { revoked });
    expect([...(await one.sweep())].sort()).toEqual([...digests].sort());
    expect(await one.sweep()).toEqual([]);
    expect(await audited('artifact.withdrawn')).toEqual(
      digests.map(() => ['artifact.withdrawn', { code: 'ARTIFACT_KEY_REVOKED' }]),
    );
  });

  it('leaves what the changed policy still takes', async () => {
    const one = node();
    const [first, second] = [await one.add(archives[0] ?? ''), await one.add(archives[1] ?? '')];
    await one.open(first.digest);
    await one.open(second.digest);
    policy = trustOf({
      keys: [{ signer }],
      policy: { serial: 8 },
      publisher: { minimumVersions: { probe: '1.0.1' } },
    });
    expect(await one.sweep()).toEqual([first.digest]);
    await expect(one.open(second.digest)).resolves.toMatchObject({ digest: second.digest });
  });

  it.each([
    ['is broken', () => new RuntimeError('CONFIG_INVALID', 'broken')],
    ['is an old copy', () => withSerial(6)],
  ])('stops everything while the policy %s', async (_, change) => {
    const one = node();
    const { digest } = await one.add(archives[0] ?? '');
    await one.open(digest);
    policy = change();
    expect(await one.sweep()).toEqual([digest]);
    policy = withSerial(7);
    await expect(one.open(digest)).resolves.toMatchObject({ digest });
  });

  it('has processes ended whose withdrawal could not be audited, and audits it the next time', async () => {
    const audit = createAuditTrail({ db: database.db, clock });
    let full = true;
    const one = createArtifactRegistry({
      db: database.db,
      audit: {
        ...audit,
        record: async (entry) => {
          if (full && entry.kind === 'artifact.withdrawn') throw new Error('no space left');
          return audit.record(entry);
        },
      },
      trust: () => (policy instanceof Error ? withSerial(0) : policy),
      clock,
      log: silentLog,
    });
    const digests = await Promise.all(archives.map(async (archive) => (await one.add(archive)).digest));
    for (const digest of digests) await one.open(digest);
    policy = withSerial(8, { revoked });
    expect([...(await one.sweep())].sort()).toEqual([...digests].sort());
    full = false;
    expect([...(await one.sweep())].sort()).toEqual([...digests].sort());
    expect(await one.sweep()).toEqual([]);
    expect(await audited('artifact.withdrawn')).toHaveLength(2);
  });

  it('is made by the watch, which has the processes ended and survives a database that is down', async () => {
    const stopped: string[] = [];
    const own = await createTestDatabase();
    const one = node(own.db);
    const { digest } = await one.add(archives[0] ?? '');
    await one.open(digest);
    const watch = createTrustWatch({ artifacts: one, stop: (found) => stopped.push(found), log: silentLog });
    await watch.look();
    expect(stopped).toEqual([]);
    policy = withSerial(7, { revoked });
    await Promise.all([watch.look(), watch.look()]);
    expect(stopped).toEqual([digest]);
    await own.close();
    policy = withSerial(9);
    await watch.look();
    await watch.stop();
    expect(stopped).toEqual([digest]);
  });
});

it('a revoked artifact’s processes are ended, and no others', async () => {
  const one = node();
  const pool = createHostPool({ log: silentLog });
  const { digest } = await one.add(archives[0] ?? '');
  const { code } = await one.open(digest);
  for (const key of [`a:${digest}`, `b:${digest}`, `b:${digest}:c:auth`, 'a:sha256:other']) {
    await callProbe(pool, code, 'echo', { key });
  }
  const stop = (found: string) => pool.stopWhere((key) => key.includes(found));
  const watch = createTrustWatch({ artifacts: one, stop, log: silentLog });
  expect(pool.liveHosts).toBe(4);
  policy = withSerial(8, { revoked });
  await watch.look();
  expect(pool.liveHosts).toBe(1);
  await watch.stop();
  await pool.stop();
});

describe('a trust policy that is older than one that was used', () => {
  const older = ['add', 'open', 'enable'] as const;

  it.each(older)('is refused by this node and by others, after a restart too: %s', async (verb) => {
    const one = node();
    const { digest } = await one.add(archives[0] ?? '');
    await one.open(digest);
    policy = withSerial(8);
    await one.open(digest);
    for (const stale of [withSerial(7), withSerial(undefined)]) {
      policy = stale;
      for (const at of [one, node()]) {
        const used = verb === 'add' ? at.add(archives[1] ?? '') : at.open(digest, verb === 'open' ? 'load' : 'enable');
        await expect(used).rejects.toEqual(failing('ARTIFACT_TRUST_ROLLBACK'));
      }
    }
    policy = withSerial(8);
    await expect(one.open(digest)).resolves.toMatchObject({ digest });
  });

  it('is audited once, as is each step up', async () => {
    const one = node();
    const { digest } = await one.add(archives[0] ?? '');
    policy = withSerial(8);
    await one.open(digest);
    policy = withSerial(7);
    for (const _ of [1, 2]) await expect(one.open(digest)).rejects.toEqual(failing('ARTIFACT_TRUST_ROLLBACK'));
    expect(await audited('trust.')).toEqual([
      ['trust.raised', { serial: 7 }],
      ['trust.raised', { serial: 8 }],
      ['trust.refused', { code: 'ARTIFACT_TRUST_ROLLBACK', serial: 7, floor: 8 }],
    ]);
  });

  it('may have the same serial: files that are edited by hand count nothing', async () => {
    policy = withSerial(undefined);
    const one = node();
    const { digest } = await one.add(archives[0] ?? '');
    policy = withSerial(undefined, { revoked });
    await expect(one.open(digest)).rejects.toEqual(failing('ARTIFACT_KEY_REVOKED'));
    expect(await audited('trust.')).toEqual([]);
  });
});
