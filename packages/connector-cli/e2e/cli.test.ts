import { spawnSync } from 'node:child_process';
import { appendFile, chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/index.ts';
import { newFolder, writeDeskConnector } from './desk-connector.ts';

const CLI = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'cli.ts');
const PASSPHRASE = 'correct horse battery staple';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real command in a process of its own, from source. */
function connector(...args: string[]): Ran {
  const env = { ...process.env, KEY_PASSPHRASE: PASSPHRASE, EMPTY: '' };
  const options = { cwd: folder, env, encoding: 'utf8' as const };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@org/source', CLI, ...args], options);
  expect(stderr).not.toMatch(/^\s+at /m);
  return { status, stdout, stderr };
}

/** The same without a process, for tables of cases. */
async function inProcess(...args: string[]): Promise<{ status: number; out: unknown }> {
  const printed: string[] = [];
  const out = (text: string) => void printed.push(text);
  const env = { KEY_PASSPHRASE: PASSPHRASE, EMPTY: '' };
  const status = await runCli(args, { out, err: () => {}, env, cwd: folder, now: () => new Date() });
  return { status, out: args.includes('--json') ? JSON.parse(printed.join('')) : printed };
}

/** The same with `--json`: stdout must be exactly one document. */
function connectorJson(...args: string[]): { status: number | null; json: Record<string, unknown> } {
  const { status, stdout } = connector(...args, '--json');
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return { status, json: JSON.parse(stdout) };
}

describe('from source to a verified artifact', () => {
  const trust = ['--trust', 'trust.json'];

  it('builds, signs, packs, and is refused until the policy names key and connector', async () => {
    await writeDeskConnector(folder, 'desk');
    const built = connectorJson('build', 'desk');
    expect(built).toMatchObject({
      status: 0,
      json: { ok: true, id: 'acme-desk', version: '1.4.0', builtins: [], stubbed: [] },
    });
    expect(
      connectorJson('keygen', '--out', 'keys', '--name', 'acme', '--passphrase-env', 'KEY_PASSPHRASE').status,
    ).toBe(0);
    expect((await stat(join(folder, 'keys/acme.key.pem'))).mode & 0o777).toBe(0o600);
    expect(connector('trust', 'init', 'trust.json').status).toBe(0);
    expect(connectorJson('verify', 'desk/artifact', ...trust)).toMatchObject({
      status: 1,
      json: { error: { code: 'ARTIFACT_UNSIGNED' } },
    });

    const signed = connectorJson(
      'sign',
      'desk/artifact',
      '--key',
      'keys/acme.key.pem',
      '--passphrase-env',
      'KEY_PASSPHRASE',
    );
    expect(signed).toMatchObject({ status: 0, json: { digest: built.json.digest } });
    expect(connectorJson('verify', 'desk/artifact', ...trust)).toMatchObject({
      status: 1,
      json: { error: { code: 'ARTIFACT_UNTRUSTED_SIGNER' } },
    });
    expect(
      connector('trust', 'add-key', 'trust.json', '--publisher', 'acme', '--key', 'keys/acme.pub.pem').status,
    ).toBe(0);
    expect(connectorJson('verify', 'desk/artifact', ...trust)).toMatchObject({
      status: 1,
      json: { error: { code: 'ARTIFACT_NOT_ALLOWED' } },
    });
    expect(connector('trust', 'allow', 'trust.json', 'acme-*', '--publisher', 'acme').status).toBe(0);
    expect(connectorJson('verify', 'desk/artifact', ...trust)).toMatchObject({
      status: 0,
      json: { ok: true, id: 'acme-desk', digest: built.json.digest, keyIds: [signed.json.keyId] },
    });
    expect(connector('pack', 'desk/artifact', '--out', 'desk.tgz').status).toBe(0);
    expect(connectorJson('verify', 'desk.tgz', ...trust)).toMatchObject({
      status: 0,
      json: { digest: built.json.digest },
    });
    expect(connectorJson('inspect', 'desk.tgz')).toMatchObject({
      status: 0,
      json: { verified: false, allowedHosts: ['desk.example'], signatures: [{ keyId: signed.json.keyId }] },
    });
    expect(connectorJson('validate', 'desk/artifact')).toMatchObject({ status: 0, json: { summary: { errors: 0 } } });
  });

  it('adds a second signature to a .tgz and counts both', async () => {
    connector('keygen', '--out', 'keys', '--name', 'second');
    expect(connector('sign', 'desk.tgz', '--key', 'keys/second.key.pem').status).toBe(0);
    connector('trust', 'add-key', 'trust.json', '--publisher', 'acme', '--key', 'keys/second.pub.pem');
    const { status, json } = connectorJson('verify', 'desk.tgz', ...trust);
    expect(status).toBe(0);
    expect(json.keyIds).toHaveLength(2);
    expect(connector('trust', 'show', 'trust.json').stdout).toContain('acme (1 of 2 keys) may publish acme-*');
  });

  it('refuses an artifact that was changed after signing, with exit code 1 and the file', async () => {
    await appendFile(join(folder, 'desk/artifact/connector.mjs'), '\n');
    expect(connectorJson('verify', 'desk/artifact', ...trust)).toMatchObject({
      status: 1,
      json: { ok: false, error: { code: 'ARTIFACT_MODIFIED', details: { file: 'connector.mjs' } } },
    });
    const { stdout, stderr } = connector('verify', 'desk/artifact', ...trust);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^ARTIFACT_MODIFIED: connector\.mjs .+\n$/);
  });

  it('drops old signatures when it builds again', async () => {
    expect(connector('build', 'desk').status).toBe(0);
    expect(await readdir(join(folder, 'desk/artifact'))).toEqual(['README.md', 'connector.mjs', 'manifest.json']);
  });
});

describe('build', () => {
  it('gives the same bytes in every folder, and again', async () => {
    const place = 'elsewhere/quite/deep';
    await mkdir(join(folder, dirname(place)), { recursive: true });
    await writeDeskConnector(folder, 'one');
    await writeDeskConnector(folder, place);
    const digests = ['one', place, 'one'].map((dir) => connectorJson('build', dir).json.digest);
    expect(new Set(digests).size).toBe(1);
    const code = await readFile(join(folder, 'one/artifact/connector.mjs'), 'utf8');
    expect(code).toContain('// @acme/desk/src/ticket-path.ts');
    expect(code).not.toContain(folder);
    expect(code).not.toContain('node_modules');
  });

  it('gives the same bytes also when the entry lies at the top, in folders of other names', async () => {
    const files = { 'index.ts': "import connector from './src/connector.ts';\nexport default { ...connector };\n" };
    await writeDeskConnector(folder, 'top-a', { config: { entry: 'index.ts' }, files });
    await writeDeskConnector(folder, 'top-b', { config: { entry: 'index.ts' }, files });
    expect(connectorJson('build', 'top-a').json.digest).toBe(connectorJson('build', 'top-b').json.digest);
  });

  it('writes a copy of the manifest and fails a check against another one', async () => {
    await writeDeskConnector(folder, 'checked');
    const args = ['build', 'checked', '--manifest-out', 'manifests/acme-desk.json'];
    expect(connector(...args).status).toBe(0);
    expect(connector(...args, '--check').status).toBe(0);
    await appendFile(join(folder, 'manifests/acme-desk.json'), ' ');
    expect(connectorJson(...args, '--check')).toMatchObject({
      status: 1,
      json: { error: { code: 'BUILD_MANIFEST_DIFFERS' } },
    });
    expect(connectorJson('build', 'checked', '--check')).toMatchObject({
      status: 2,
      json: { error: { code: 'CLI_USAGE' } },
    });
  });

  it('does not replace a folder that is no artifact', async () => {
    await writeDeskConnector(folder, 'careful');
    expect(connectorJson('build', 'careful', '--out', 'careful/src')).toMatchObject({
      status: 3,
      json: { error: { code: 'CLI_FILE_EXISTS' } },
    });
    expect(await readdir(join(folder, 'careful/src'))).toContain('connector.ts');
  });
});

describe('wrong use and missing things', () => {
  beforeAll(async () => {
    await writeFile(join(folder, 'bad-trust.json'), '{"trustVersion":1}');
    await writeFile(join(folder, 'empty-trust.json'), '{"trustVersion":1,"publishers":{}}');
    connector('keygen', '--out', 'pair', '--name', 'k');
    connector('keygen', '--out', 'locked', '--name', 'k', '--passphrase-env', 'KEY_PASSPHRASE');
  });

  it.each<[string, string[], number]>([
    ['no command', [], 2],
    ['an unknown command', ['sing'], 2],
    ['an unknown option', ['validate', '--fromat', 'json'], 2],
    ['an unknown format', ['validate', '--format', 'xml'], 2],
    ['a missing required option', ['verify', 'x'], 2],
    ['--help', ['--help'], 0],
    ['help of a command', ['build', '--help'], 0],
  ])('%s', async (_, args, status) => {
    expect((await inProcess(...args)).status).toBe(status);
  });

  it.each<[string, string[], string, number]>([
    ['a missing artifact', ['inspect', 'nothing'], 'ARTIFACT_NOT_FOUND', 3],
    ['a missing trust policy', ['verify', 'desk', '--trust', 'nothing.json'], 'CLI_FILE_MISSING', 3],
    ['a missing key', ['sign', 'desk', '--key', 'nothing.pem'], 'CLI_FILE_MISSING', 3],
    ['a missing package', ['build', 'nothing'], 'CLI_FILE_MISSING', 3],
    ['a missing manifest', ['validate', 'nothing.json'], 'CLI_FILE_MISSING', 3],
    ['an unset passphrase variable', ['keygen', '--out', 'k', '--passphrase-env', 'EMPTY'], 'CLI_ENV_MISSING', 3],
    ['a folder in place of a key', ['sign', 'desk', '--key', 'keys'], 'CLI_FILE_UNREADABLE', 3],
    ['a policy that is none', ['verify', 'desk', '--trust', 'bad-trust.json'], 'ARTIFACT_TRUST_INVALID', 2],
    ['a public key to sign with', ['sign', 'desk', '--key', 'pair/k.pub.pem'], 'ARTIFACT_KEY_INVALID', 2],
    [
      'a locked key without its passphrase',
      ['sign', 'desk', '--key', 'locked/k.key.pem'],
      'ARTIFACT_PASSPHRASE_WRONG',
      3,
    ],
    [
      'a private key to trust',
      ['trust', 'add-key', 'empty-trust.json', '--publisher', 'a', '--key', 'pair/k.key.pem'],
      'ARTIFACT_KEY_INVALID',
      2,
    ],
    ['a publisher nobody knows', ['trust', 'allow', 'empty-trust.json', 'x', '--publisher', 'nobody'], 'CLI_USAGE', 2],
  ])('%s', async (_, args, code, status) => {
    expect(await inProcess(...args, '--json')).toMatchObject({ status, out: { ok: false, error: { code } } });
  });

  it('keygen overwrites nothing and leaves no half pair', async () => {
    await mkdir(join(folder, 'half'));
    await writeFile(join(folder, 'half/k.pub.pem'), 'mine');
    expect(connectorJson('keygen', '--out', 'half', '--name', 'k')).toMatchObject({
      status: 3,
      json: { error: { code: 'CLI_FILE_EXISTS' } },
    });
    expect(await readdir(join(folder, 'half'))).toEqual(['k.pub.pem']);
    expect(await readFile(join(folder, 'half/k.pub.pem'), 'utf8')).toBe('mine');
  });

  it('says what cannot be read or written', async () => {
    await writeFile(join(folder, 'a-file'), '');
    expect(connectorJson('keygen', '--out', 'a-file')).toMatchObject({
      status: 3,
      json: { error: { code: 'CLI_FILE_UNWRITABLE' } },
    });
    await writeFile(join(folder, 'secret.json'), '{}');
    await chmod(join(folder, 'secret.json'), 0);
    // Root may read everything; then the file is simply no policy.
    expect([2, 3]).toContain(connector('verify', 'desk', '--trust', 'secret.json').status);
  });

  it('validates broken manifests with exit code 1 and findings on stdout', async () => {
    await writeFile(join(folder, 'broken.json'), '{"manifestVersion":1,"manifestVersion":1}');
    expect(connectorJson('validate', 'broken.json')).toMatchObject({
      status: 1,
      json: {
        ok: false,
        files: [{ file: 'broken.json', findings: [{ ruleId: 'json-duplicate-key', severity: 'error' }] }],
      },
    });
    const { stdout, stderr } = connector('validate', 'broken.json');
    expect(stdout).toContain('[json-duplicate-key]');
    expect(stderr).toBe('');
  });
});

describe('what was called wrongly', () => {
  it.each([
    [['verify']],
    [['keygen']],
    [['verify', 'x', '--trust', 't', '--bogus']],
    [['inspect', 'a', 'b', 'c']],
    [['keygen', '--out', 'keys', '--name', '../x']],
    [['keygen', '--out', 'keys', '--name', '']],
  ])('%j ends with 2 and says so in one JSON document', async (args) => {
    expect(await inProcess(...args, '--json')).toMatchObject({
      status: 2,
      out: { ok: false, error: { code: 'CLI_USAGE', message: expect.any(String) } },
    });
  });

  it.each(['/dev/zero', '/dev/null'])(
    'a trust policy that is no file (%s) ends with 3, and does not hang',
    async (path) => {
      expect(await inProcess('trust', 'show', path, '--json')).toMatchObject({
        status: 3,
        out: { error: { code: 'CLI_FILE_UNREADABLE' } },
      });
    },
  );
});
