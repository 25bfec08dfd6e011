import { type ArtifactFiles, packArtifact, signArtifact } from '@org/connector-artifact';
import { deriveManifest, manifestBytes } from '@org/connector-sdk';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import probe from '../../e2e/probe-connector/index.ts';
import { newSigner, trusting } from '../../e2e/probe-connector/signed-probe.ts';
import { createAuditTrail } from '../audit/index.ts';
import { sampleManifest } from '../runs/test-manifest.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { silentLog } from '../types/log.ts';
import { createArtifactRegistry } from './artifact-registry.ts';
import { checkEngine } from './check-engine.ts';

const failing = (code: string) => expect.objectContaining({ code });
const written = (range: string) => ({ ...sampleManifest({}), engines: { runtime: range } });

describe('the runtime a connector was written for', () => {
  it.each([
    ['>=1.2.0', '1.2.0'],
    ['>=1.2.0 <2.0.0', '1.9.9'],
    ['^1.2.0 || ^2.0.0', '2.5.0'],
    ['1.x', '1.99.0'],
    ['*', '0.0.0'],
    ['>=2.0.0', '2.0.0-rc.1'],
    ['>=2.0.0-rc.1', '2.0.0-rc.2'],
  ])('%s is met by %s', (range, running) => {
    expect(() => checkEngine(written(range), running)).not.toThrow();
  });

  it.each([
    ['>=1.2.0', '1.1.9'],
    ['^1.2.0', '2.0.0'],
    ['<2.0.0', '2.0.0-rc.1'],
    ['>=2.0.0', '1.9.0-rc.1'],
    ['not a range', '1.0.0'],
  ])('%s is not met by %s', (range, running) => {
    expect(() => checkEngine(written(range), running)).toThrow(failing('ARTIFACT_ENGINE_UNSUPPORTED'));
  });

  it('names the range and what is running', () => {
    const details = { id: 'sample', version: '1.0.0', range: '^1.0.0', runtime: '2.0.0' };
    expect(() => checkEngine(written('^1.0.0'), '2.0.0')).toThrow(expect.objectContaining({ details }));
  });
});

describe('the artifact registry', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  it('keeps an artifact that is for another runtime, and neither enables nor loads it', async () => {
    const signer = newSigner();
    const manifest = deriveManifest({ ...probe, engines: { runtime: '>=99.0.0' } }, { version: '1.0.0' });
    const files: ArtifactFiles = new Map([
      ['manifest.json', manifestBytes(manifest)],
      ['connector.mjs', Buffer.from('export default {}')],
    ]);
    const clock = { now: () => Date.parse('2026-11-22T12:00:00Z') };
    const registry = createArtifactRegistry({
      db: database.db,
      audit: createAuditTrail({ db: database.db, clock }),
      trust: () => trusting(signer),
      clock,
      log: silentLog,
    });
    const signed = await signArtifact(files, signer, { signedAt: new Date('2026-06-01T00:00:00Z') });
    const { digest } = await registry.add(packArtifact(signed));
    await expect(registry.open(digest, 'enable')).rejects.toEqual(failing('ARTIFACT_ENGINE_UNSUPPORTED'));
    await expect(registry.open(digest)).rejects.toEqual(failing('ARTIFACT_ENGINE_UNSUPPORTED'));
    const { rows } =
      await sql`select 1 from connector.audit_entries where body like '%ARTIFACT_ENGINE_UNSUPPORTED%'`.execute(
        database.db,
      );
    expect(rows.length).toBeGreaterThan(0);
  });
});
