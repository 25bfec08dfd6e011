import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../src/test-command.ts';
import { newFolder } from './desk-connector.ts';

const MANIFEST = fileURLToPath(new URL('../../../manifests/slack.json', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const docs = (...args: readonly string[]) => runInProcess(folder, ['docs', ...args]);

describe('connector docs', () => {
  it('writes a page, finds that it is current, and that it is not any more', async () => {
    expect(await docs(MANIFEST, '--out', 'pages/slack.md')).toMatchObject({ status: 0 });
    const page = await readFile(join(folder, 'pages/slack.md'), 'utf8');
    expect((await docs(MANIFEST)).stdout).toBe(page);
    expect(await docs(MANIFEST, '--out', 'pages/slack.md', '--check')).toMatchObject({ status: 0 });
    await writeFile(join(folder, 'pages/slack.md'), `${page}\n`);
    const checked = await docs(MANIFEST, '--out', 'pages/slack.md', '--check', '--json');
    expect(checked.status).toBe(1);
    expect(JSON.parse(checked.stdout)).toMatchObject({ ok: false, error: { code: 'DOCS_DIFFER' } });
    expect(await readFile(join(folder, 'pages/slack.md'), 'utf8')).toBe(`${page}\n`);
  });

  it.each<[string, string[], number, string]>([
    ['--check without --out', [MANIFEST, '--check'], 2, 'CLI_USAGE'],
    ['a page that is not there', [MANIFEST, '--out', 'none.md', '--check'], 3, 'CLI_FILE_MISSING'],
    ['a manifest that is not there', ['none.json'], 3, 'CLI_FILE_MISSING'],
    ['an artifact that is not there', ['none'], 3, 'ARTIFACT_NOT_FOUND'],
    ['what is no manifest', ['broken.json'], 1, 'CLI_MANIFEST_INVALID'],
    ['no path', [''], 2, 'CLI_USAGE'],
    ['no place to write to', [MANIFEST, '--out', ''], 2, 'CLI_USAGE'],
    ['a page in place of its manifest', ['copy.json', '--out', './copy.json'], 2, 'CLI_USAGE'],
  ])('refuses %s', async (_, args, status, code) => {
    await writeFile(join(folder, 'broken.json'), '{"manifestVersion":1}');
    await copyFile(MANIFEST, join(folder, 'copy.json'));
    const answer = await docs(...args, '--json');
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.stdout)).toMatchObject({ error: { code } });
  });
});
