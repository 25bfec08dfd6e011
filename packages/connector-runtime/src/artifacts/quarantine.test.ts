import { packArtifact, type Signer } from '@org/connector-artifact';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newSigner, signedProbe } from '../../e2e/probe-connector/signed-probe.ts';
import { createAuditTrail } from '../audit/index.ts';
import { listArtifacts } from '../http/postgres-artifact-list.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { silentLog } from '../types/log.ts';
import { createArtifactRegistry } from './artifact-registry.ts';
import type { Quarantine } from './quarantine.ts';
import { trustOf } from './test-trust.ts';

const HOUR_MS = 3_600_000;
const ANN = 'admin:ann';
const BOB = 'admin:bob';
const failing = (code: string) => expect.objectContaining({ code });

let database: TestDatabase;
let signer: Signer;
let archive: Uint8Array;
let now = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  signer = newSigner();
  archive = packArtifact(await signedProbe(signer));
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  now = Date.parse('2026-11-22T12:00:00Z');
});

function registry(quarantine: Quarantine) {
  const clock = { now: () => now };
  const policy = trustOf({ keys: [{ signer }] });
  const audit = createAuditTrail({ db: database.db, clock });
  return createArtifactRegistry({ db: database.db, audit, trust: () => policy, quarantine, clock, log: silentLog });
}

async function state(): Promise<unknown> {
  const [{ state, addedBy, promotedBy } = {}] = await listArtifacts(database.db, new Date(now));
  return { state, addedBy, promotedBy };
}

async function audited(kind: string): Promise<unknown[]> {
  const rows = await database.db
    .selectFrom('connector.audit_entries')
    .select('body')
    .where('kind', '=', kind)
    .execute();
  return rows.map(({ body }) => (JSON.parse(body) as { actor: string }).actor);
}

describe('a new artifact in quarantine', () => {
  it('is neither enabled nor loaded until somebody else promotes it', async () => {
    const { digest } = await registry('second-person').add(archive, ANN);
    expect(await state()).toEqual({ state: 'quarantined', addedBy: ANN, promotedBy: null });
    for (const purpose of ['enable', 'load'] as const) {
      await expect(registry('second-person').open(digest, purpose)).rejects.toEqual(failing('ARTIFACT_QUARANTINED'));
    }
    await expect(registry('second-person').promote(digest, ANN)).rejects.toEqual(
      failing('ARTIFACT_PROMOTER_NOT_ALLOWED'),
    );
    await expect(registry('second-person').open(digest)).rejects.toEqual(failing('ARTIFACT_QUARANTINED'));
    for (const _ of [1, 2]) await registry('second-person').promote(digest, BOB);
    expect(await audited('artifact.promoted')).toEqual([BOB]);
    expect(await state()).toEqual({ state: 'available', addedBy: ANN, promotedBy: BOB });
    await expect(registry('second-person').open(digest, 'enable')).resolves.toMatchObject({ digest });
  });

  it('cannot be got out by adding it again, as somebody else or where there is no quarantine', async () => {
    const { digest } = await registry('second-person').add(archive, ANN);
    await registry('none').add(archive, BOB);
    await expect(registry('none').open(digest)).rejects.toEqual(failing('ARTIFACT_QUARANTINED'));
    await expect(registry('none').promote(digest, ANN)).rejects.toEqual(failing('ARTIFACT_PROMOTER_NOT_ALLOWED'));
  });

  it('waits for its hours, or for a second person', async () => {
    const { digest } = await registry({ waitHours: 24 }).add(archive, ANN);
    now += 24 * HOUR_MS - 1;
    await expect(registry('none').open(digest)).rejects.toMatchObject({
      code: 'ARTIFACT_QUARANTINED',
      details: { until: '2026-11-23T12:00:00.000Z' },
    });
    now += 1;
    await expect(registry('none').open(digest)).resolves.toMatchObject({ digest });
    expect(await state()).toEqual({ state: 'available', addedBy: ANN, promotedBy: null });
    now -= HOUR_MS;
    await registry('none').promote(digest, BOB);
    await expect(registry('none').open(digest)).resolves.toMatchObject({ digest });
  });

  it('leaves alone what was here before it was asked for', async () => {
    const { digest } = await registry('none').add(archive, ANN);
    await registry('second-person').add(archive, ANN);
    await expect(registry('second-person').open(digest)).resolves.toMatchObject({ digest });
  });

  it('is unknown to a promotion when it was never added', async () => {
    await expect(registry('none').promote(`sha256:${'0'.repeat(64)}`, BOB)).rejects.toEqual(
      failing('ARTIFACT_UNKNOWN'),
    );
  });
});
