import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { changeKinds } from '@org/connector-sdk/diff';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../src/test-command.ts';
import { buildDeskConnector, newFolder } from './desk-connector.ts';

const ROOT = new URL('../../../', import.meta.url);
const MANIFEST = fileURLToPath(new URL('manifests/slack.json', ROOT));
const PATH = process.env.PATH ?? '';
const EVIL = 'x\n::error::forged\u202e\u001b[31m | [a](https://evil.example) <b>%0A';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  await release('old.json', '1.4.0');
  await release('fixed.json', '1.4.1', { '"Posts a message to': '"Sends a message to' });
  await release('kept.json', '1.4.0', { '"Posts a message to': '"Sends a message to' });
  await release('riskier.json', '1.5.0', { '"risk": "low"': '"risk": "high"' });
  await release('major.json', '2.0.0', { '"risk": "low"': '"risk": "high"' });
  await release('lower.json', '1.3.0');
  await release('evil.json', '1.4.1', { '"Posts a message to': `${JSON.stringify(EVIL).slice(0, -1)} to` });
  await release('host.json', '1.5.0', { '"allowedHosts": [': '"allowedHosts": ["evil.example",' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A release of the Slack connector, with the first occurrence of each text replaced. */
async function release(name: string, version: string, edits: Record<string, string> = {}): Promise<void> {
  let text = (await readFile(MANIFEST, 'utf8')).replace(/"version": "[^"]*"/, `"version": "${version}"`);
  for (const [from, to] of Object.entries(edits)) {
    expect(text).toContain(from);
    text = text.replace(from, () => to);
  }
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

const diffIn = (cwd: string, ...args: readonly string[]) => runInProcess(cwd, ['diff', ...args], { env: { PATH } });
const diff = (...args: readonly string[]) => diffIn(folder, ...args);

async function diffJson(...args: readonly string[]) {
  const { status, stdout } = await diff(...args, '--json');
  return { status, json: JSON.parse(stdout) };
}

describe('connector diff, of two releases', () => {
  it.each([
    ['old.json', 'old.json', 0, 'enough', 'none'],
    ['old.json', 'fixed.json', 0, 'enough', 'patch'],
    ['old.json', 'kept.json', 1, 'not-raised', 'patch'],
    ['old.json', 'riskier.json', 1, 'too-low', 'major'],
    ['old.json', 'major.json', 0, 'enough', 'major'],
    ['old.json', 'lower.json', 1, 'lowered', 'none'],
    ['old.json', 'host.json', 0, 'enough', 'minor'],
  ])('%s → %s ends with %i', async (old, young, status, reason, demanded) => {
    expect(await diffJson(old, young)).toMatchObject({
      status,
      json: { ok: status === 0, comparisons: [{ id: 'slack', version: { reason, demanded } }] },
    });
  });

  it('fails on what is security-relevant or breaking only when asked to', async () => {
    expect((await diff('old.json', 'host.json')).status).toBe(0);
    expect((await diff('old.json', 'host.json', '--fail-on', 'breaking')).status).toBe(0);
    expect((await diff('old.json', 'host.json', '--fail-on', 'security')).status).toBe(1);
    expect((await diff('old.json', 'major.json', '--fail-on', 'breaking')).status).toBe(1);
    expect((await diff('old.json', 'fixed.json', '--fail-on', 'security')).status).toBe(0);
  });

  it('sees that code changed when the manifest did not', async () => {
    const source = { 'src/ticket-path.ts': "export const ticketPath = (id: string) => '/t/' + id;\n" };
    for (const [name, files] of Object.entries({ 'desk-a': {}, 'desk-b': source })) {
      await buildDeskConnector(folder, name, { files });
      await runInProcess(folder, ['pack', `${name}/artifact`, '--out', `${name}.tgz`]);
    }
    expect(await diffJson('desk-a/artifact', 'desk-a.tgz')).toMatchObject({ status: 0 });
    expect(await diffJson('desk-a/artifact', 'desk-b.tgz')).toMatchObject({
      status: 1,
      json: {
        comparisons: [{ version: { reason: 'not-raised' }, changes: [{ kind: 'content-changed', class: 'fix' }] }],
      },
    });
    expect(await diffJson('desk-a/artifact/manifest.json', 'desk-b.tgz')).toMatchObject({ status: 0 });
  });

  it.each<[string, string[], number, string]>([
    ['two connectors', ['old.json', fileURLToPath(new URL('manifests/github.json', ROOT))], 2, 'CLI_USAGE'],
    ['one release', ['old.json'], 2, 'CLI_USAGE'],
    ['three releases', ['old.json', 'old.json', 'old.json'], 2, 'CLI_USAGE'],
    ['an unknown format', ['old.json', 'old.json', '--format', 'xml'], 2, 'CLI_USAGE'],
    ['a missing file', ['none.json', 'old.json'], 3, 'CLI_FILE_MISSING'],
    ['a missing archive', ['none.tgz', 'old.json'], 3, 'ARTIFACT_NOT_FOUND'],
    ['an archive that is none', ['broken.tgz', 'old.json'], 1, 'ARTIFACT_UNREADABLE'],
    ['a file that is no manifest', ['broken.json', 'old.json'], 1, 'CLI_MANIFEST_INVALID'],
    ['a manifest nested too deep', ['deep.json', 'old.json'], 1, 'CLI_MANIFEST_INVALID'],
  ])('refuses %s', async (_, args, status, code) => {
    await writeFile(join(folder, 'broken.json'), '{"manifestVersion":1,"manifestVersion":1}');
    await writeFile(join(folder, 'broken.tgz'), 'no archive');
    const text = await readFile(join(folder, 'old.json'), 'utf8');
    const deep = `${'{"items":'.repeat(5000)}{}${'}'.repeat(5000)}`;
    await writeFile(join(folder, 'deep.json'), text.replace('"additionalProperties": false', `"items": ${deep}`));
    const { stdout, stderr, status: ended } = await diff(...args, '--json');
    expect(ended).toBe(status);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code } });
    // Nothing but the usage of commander goes to stderr, never a stack.
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('names the path of what cannot be read', async () => {
    await writeFile(join(folder, 'broken.tgz'), 'no archive');
    expect((await diff('broken.tgz', 'old.json')).stderr).toContain('broken.tgz');
  });
});

describe('connector diff, its formats', () => {
  it('gives the same bytes on every run', async () => {
    for (const format of ['pretty', 'json', 'github', 'markdown']) {
      const args = ['old.json', 'riskier.json', '--format', format];
      expect(await diff(...args)).toEqual(await diff(...args));
    }
  });

  it('shows what matters for security first, and the verdict last', async () => {
    await release('mixed.json', '1.4.1', { '"risk": "low"': '"risk": "high"', '"Posts a message to': '"Sends to' });
    const lines = (await diff('old.json', 'mixed.json')).stdout.trimEnd().split('\n');
    const at = (text: string) => lines.findIndex((line) => line.includes(text));
    expect(at('Security-relevant')).toBeGreaterThan(0);
    expect(at('Fixes')).toBeGreaterThan(at('risk-raised'));
    expect(lines.at(-1)).toContain('2.0.0 or higher; 1.4.1 is too low');
  });

  it('marks the version in a pull request, and each change that is security-relevant or breaking', async () => {
    const lines = (await diff('old.json', 'riskier.json', '--format', 'github')).stdout.trimEnd().split('\n');
    const text = (await readFile(join(folder, 'riskier.json'), 'utf8')).split('\n');
    const lineOf = (part: string) => text.findIndex((line) => line.includes(part)) + 1;
    expect(lines[0]).toMatch(new RegExp(`^::error file=riskier\\.json,line=${lineOf('"version"')},title=`));
    expect(lines[1]).toMatch(new RegExp(`^::warning file=riskier\\.json,line=${lineOf('"risk": "high"')},title=`));
    expect(lines).toHaveLength(3);
  });

  it.each(['pretty', 'github', 'markdown'])('lets no text of a manifest act in %s', async (format) => {
    const { stdout } = await diff('old.json', 'evil.json', '--format', format);
    expect(stdout).not.toMatch(/^::error::forged/m);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    if (format === 'markdown') expect(stdout).not.toMatch(/\]\(https|<b>/);
  });

  it('tells in the guide of every kind of change, with its class', async () => {
    const guide = await readFile(new URL('docs/guides/releases.md', ROOT), 'utf8');
    for (const [kind, { class: weight, security }] of Object.entries(changeKinds)) {
      expect(guide).toMatch(new RegExp(`^\\| \`${kind}\` +\\| ${weight} +\\| ${security ? 'yes' : 'no '} +\\|`, 'm'));
    }
  });
});

describe('connector diff, with git', () => {
  const git = (...args: readonly string[]) => {
    const env = { PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
    const { status, stderr } = spawnSync('git', [...identity, ...args], {
      cwd: join(folder, 'repo'),
      env,
      encoding: 'utf8',
    });
    expect(stderr.includes('fatal')).toBe(false);
    expect(status).toBe(0);
  };

  beforeAll(async () => {
    await release('repo/manifests/slack.json', '1.4.0');
    git('init', '--quiet', '--initial-branch', 'main');
    git('add', '.');
    git('commit', '--quiet', '--message', 'Release');
    git('tag', 'v1.4.0');
    await release('repo/manifests/slack.json', '1.4.1', { '"risk": "low"': '"risk": "high"' });
    git('add', '.');
    await release('repo/manifests/slack.json', '2.0.0', { '"risk": "low"': '"risk": "high"' });
    await release('repo/manifests/fresh.json', '1.0.0');
  });

  const inRepo = (...args: readonly string[]) => diffIn(join(folder, 'repo'), ...args);

  it.each<[string, string[], number]>([
    ['a ref and a path against a file', ['v1.4.0:manifests/slack.json', 'manifests/slack.json'], 0],
    ['each file against itself at a ref', ['--ref', 'v1.4.0', 'manifests/slack.json'], 0],
    ['what is staged', ['main:manifests/slack.json', ':manifests/slack.json'], 1],
    ['a ref against itself', ['main:manifests/slack.json', 'v1.4.0:manifests/slack.json'], 0],
    ['a new connector, when that is allowed', ['--ref', 'main', 'manifests/fresh.json', '--allow-new'], 0],
  ])('compares %s', async (_, args, status) => {
    expect(await inRepo(...args)).toMatchObject({ status, stderr: '' });
  });

  it('takes paths from the folder of the command, with --ref', async () => {
    expect((await diffIn(join(folder, 'repo/manifests'), '--ref', 'main', 'slack.json')).status).toBe(0);
    await mkdir(join(folder, 'repo/deep/er'), { recursive: true });
    expect((await diffIn(join(folder, 'repo/deep/er'), '--ref', 'main', '../../manifests/slack.json')).status).toBe(0);
  });

  it.each<[string, string[], number, string]>([
    ['a ref that does not exist', ['--ref', 'nope', 'manifests/slack.json'], 3, 'CLI_GIT_REF_UNKNOWN'],
    ['a ref that is a tree', ['--ref', 'main^{tree}', 'manifests/slack.json'], 3, 'CLI_GIT_REF_UNKNOWN'],
    ['a file that the ref does not have', ['--ref', 'main', 'manifests/fresh.json'], 3, 'CLI_GIT_FILE_MISSING'],
    ['a folder of the ref', ['main:manifests', 'manifests/slack.json'], 3, 'CLI_GIT_FILE_MISSING'],
    ['a ref that is an option', ['--ref=--output=x', 'manifests/slack.json'], 2, 'CLI_USAGE'],
    ['a ref that is an option, in place of a path', ['--', '--output=x:y', 'manifests/slack.json'], 2, 'CLI_USAGE'],
    ['a ref that a shell would run', ['--ref', '$(touch pwned)', 'manifests/slack.json'], 3, 'CLI_GIT_REF_UNKNOWN'],
    [
      'an unknown ref, though new ones are allowed',
      ['--ref', 'nope', 'manifests/slack.json', '--allow-new'],
      3,
      'CLI_GIT_REF_UNKNOWN',
    ],
  ])('refuses %s', async (_, args, status, code) => {
    const { status: ended, stdout } = await inRepo('--json', ...args);
    expect(ended).toBe(status);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
    await expect(readFile(join(folder, 'repo/pwned'))).rejects.toThrow();
  });

  it('says that there is no git, and no repository', async () => {
    const at = ['--ref', 'main', 'manifests/slack.json', '--json'];
    const without = await runInProcess(join(folder, 'repo'), ['diff', ...at], { env: { PATH: '/nowhere' } });
    expect(without.status).toBe(3);
    expect(JSON.parse(without.stdout)).toMatchObject({ error: { code: 'CLI_GIT_MISSING' } });
    const outside = await runInProcess(folder, ['diff', '--ref', 'main', 'old.json', '--json'], {
      env: { PATH, GIT_CEILING_DIRECTORIES: dirname(folder) },
    });
    expect(outside.status).toBe(3);
    expect(JSON.parse(outside.stdout)).toMatchObject({ error: { code: 'CLI_GIT_FAILED' } });
  });
});
