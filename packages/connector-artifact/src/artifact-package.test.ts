import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packArtifact } from './pack-artifact.ts';
import { readArtifact } from './read-artifact.ts';
import { subjectDigest } from './statement.ts';
import { sampleFiles } from './test-artifact.ts';

let folder: string;
const digest = subjectDigest(sampleFiles());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

async function writeArtifact(place: string): Promise<void> {
  for (const [name, bytes] of sampleFiles()) await write(join(place, name), bytes);
}

async function read(): Promise<string> {
  return subjectDigest(await readArtifact(folder));
}

describe('an npm package', () => {
  it.each<[string, unknown, string]>([
    ['at its usual place', {}, 'artifact'],
    ['where package.json says', { artifact: './signed/v1' }, 'signed/v1'],
    ['with other members about its source', { artifact: 'out', entry: 'src/x.ts', stub: [] }, 'out'],
  ])('leads to the artifact %s', async (_, connector, place) => {
    await write('package.json', JSON.stringify({ name: '@acme/desk', version: '0.0.1', connector }));
    await writeArtifact(place);
    expect(await read()).toBe(digest);
  });

  it('can hold it as a .tgz, and can be a link as pnpm makes it', async () => {
    await write('store/package.json', '{"connector":{"artifact":"./desk.tgz"}}');
    await write('store/desk.tgz', packArtifact(sampleFiles()));
    await symlink(join(folder, 'store'), join(folder, 'linked'));
    expect(subjectDigest(await readArtifact(join(folder, 'linked')))).toBe(digest);
  });

  it.each([
    '../elsewhere',
    'a/../../b',
    '/etc',
    '.',
    '..',
    '',
    './',
    'a//b',
    'C:\\x',
    'a\\b',
    'a\u0000b',
    '.git',
    'https://x.example/a.tgz',
  ])('may not lead to %j', async (artifact) => {
    await write('package.json', JSON.stringify({ connector: { artifact } }));
    await expect(read()).rejects.toMatchObject({ code: 'ARTIFACT_PACKAGE_INVALID' });
  });

  it.each([
    '{}',
    '[]',
    '{"connector":true}',
    '{"connector":{"artifact":1}}',
    '{"connector":{},"connector":{}}',
    'not json',
    '',
  ])('is refused when its package.json is %s', async (text) => {
    await write('package.json', text);
    await writeArtifact('artifact');
    await expect(read()).rejects.toMatchObject({ code: 'ARTIFACT_PACKAGE_INVALID' });
  });

  it('is refused like any other when there is no artifact in it, or a link in its place', async () => {
    await write('package.json', '{"connector":{}}');
    await expect(read()).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    await writeArtifact('elsewhere');
    await symlink(join(folder, 'elsewhere'), join(folder, 'artifact'));
    await expect(read()).rejects.toMatchObject({ code: 'ARTIFACT_FILE_TYPE' });
  });

  it('may not lead out of the package through a link on the way', async () => {
    await writeArtifact('elsewhere/artifact');
    await write('package/package.json', '{"connector":{"artifact":"./dist/artifact"}}');
    await symlink(join(folder, 'elsewhere'), join(folder, 'package/dist'));
    const outside = readArtifact(join(folder, 'package'));
    await expect(outside).rejects.toMatchObject({ code: 'ARTIFACT_PACKAGE_INVALID' });
    await writeArtifact('package/real/artifact');
    await symlink(join(folder, 'package/real'), join(folder, 'package/inside'));
    await write('package/package.json', '{"connector":{"artifact":"./inside/artifact"}}');
    expect(subjectDigest(await readArtifact(join(folder, 'package')))).toBe(digest);
  });

  it('is not what an artifact with a package.json in it becomes', async () => {
    await writeArtifact('.');
    await write('package.json', '{"connector":{"artifact":"./other"}}');
    await expect(read()).rejects.toMatchObject({ code: 'ARTIFACT_FILE_EXTRA', details: { file: 'package.json' } });
  });
});
