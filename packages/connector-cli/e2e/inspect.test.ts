import { appendFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../src/test-command.ts';
import { buildDeskConnector, newFolder } from './desk-connector.ts';

const MANIFEST = fileURLToPath(new URL('../../../manifests/servicenow.json', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const connector = (...args: readonly string[]) => runInProcess(folder, args);
const inspectJson = async (source: string) => JSON.parse((await connector('inspect', source, '--json')).stdout);

describe('connector inspect', () => {
  it('tells what a manifest claims, and first of all that nothing was verified', async () => {
    const { status, stdout } = await connector('inspect', MANIFEST);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^NOTHING HERE WAS VERIFIED/);
    expect(await inspectJson(MANIFEST)).toMatchObject({
      kind: 'manifest',
      verified: false,
      id: 'servicenow',
      scopes: ['incident.read', 'incident.write', 'journal.read'],
      actions: expect.arrayContaining([
        expect.objectContaining({ key: 'add-work-note', effect: 'write', risk: 'low', idempotency: 'marker' }),
      ]),
    });
  });

  describe('of an artifact', () => {
    beforeAll(async () => {
      await buildDeskConnector(folder, 'desk');
      await connector('keygen', '--out', 'keys', '--name', 'one');
      await connector('sign', 'desk/artifact', '--key', 'keys/one.key.pem');
    });

    it('lists files, digest and signatures with what they are for', async () => {
      const found = await inspectJson('desk/artifact');
      expect(found).toMatchObject({
        kind: 'artifact',
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        files: [{ name: 'README.md' }, { name: 'connector.mjs' }, { name: 'manifest.json' }],
        signatures: [
          {
            subject: { id: 'acme-desk', version: '1.4.0', publisher: 'acme' },
            coversFiles: true,
            signedAt: expect.any(String),
          },
        ],
      });
    });

    it('says that a signature is for other files, and goes on', async () => {
      await appendFile(join(folder, 'desk/artifact/connector.mjs'), '\n');
      expect(await inspectJson('desk/artifact')).toMatchObject({ signatures: [{ coversFiles: false }] });
      expect((await connector('inspect', 'desk/artifact')).stdout).toContain('OTHER FILES THAN THESE');
    });

    it('shows the rest of an artifact one of whose signatures can not be read', async () => {
      const [name = ''] = await readdir(join(folder, 'desk/artifact/signatures'));
      await writeFile(join(folder, 'desk/artifact/signatures', name), '{}');
      expect(await inspectJson('desk/artifact')).toMatchObject({
        id: 'acme-desk',
        signatures: [{ file: `signatures/${name}`, problem: expect.any(String) }],
      });
    });
  });
});
