import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Terminal } from '../terminal.ts';
import { newTestFolder, runInProcess } from '../test-command.ts';

const real = readFileSync(new URL('../../../../manifests/slack.json', import.meta.url), 'utf8');

/** A manifest without errors, under another id. */
function manifestOf(id: string): string {
  return real.replace('"id": "slack"', `"id": "${id}"`);
}

const makePipe = 'mkfifo';
const BROKEN = '{"manifestVersion":1,"manifestVersion":1}';

let folder: string;
beforeEach(async () => {
  folder = await newTestFolder();
});

function write(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function validate(...args: string[]) {
  return runInProcess(folder, ['validate', ...args]);
}

interface Document {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string };
  readonly files: { readonly file: string; readonly error?: { readonly code: string }; readonly findings: Found[] }[];
  readonly summary: Readonly<Record<string, number>>;
}

interface Found {
  readonly ruleId: string;
  readonly severity: string;
  readonly line?: number;
  readonly column?: number;
}

async function validateJson(...args: string[]): Promise<{ status: number; json: Document }> {
  const { status, stdout } = await validate(...args, '--json');
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return { status, json: JSON.parse(stdout) };
}

/** File and code, or file and rules, of each file. */
function outcomes({ files }: Document): string[] {
  return files.map(({ file, error, findings }) =>
    [file, ...(error ? [error.code] : []), ...findings.filter(isError).map(({ ruleId }) => ruleId)].join(' '),
  );
}

function isError({ severity }: Found): boolean {
  return severity === 'error';
}

describe('what cannot be read', () => {
  beforeEach(() => write('good.json', manifestOf('good')));

  it.each<[string, string, () => void]>([
    ['CLI_FILE_MISSING', 'gone.json', () => {}],
    ['CLI_FILE_MISSING', 'good.json/x.json', () => {}],
    ['CLI_NO_MANIFEST', 'empty', () => mkdirSync(join(folder, 'empty'))],
    ['CLI_NO_MANIFEST', '*.yaml', () => {}],
    ['CLI_LINK_BROKEN', 'dangling.json', () => symlinkSync('nowhere', join(folder, 'dangling.json'))],
    ['CLI_LINK_BROKEN', 'round.json', () => symlinkSync('round.json', join(folder, 'round.json'))],
    ['CLI_FILE_NOT_REGULAR', 'pipe.json', () => spawnSync(makePipe, [join(folder, 'pipe.json')])],
    ['CLI_FILE_NOT_REGULAR', '/dev/zero', () => {}],
    ['CLI_FILE_TOO_LARGE', 'huge.json', () => makeHuge(4 * 1024 * 1024 + 1)],
    ['ARTIFACT_UNREADABLE', 'broken.tgz', () => write('broken.tgz', 'no gzip')],
  ])('gets %s (%s), and the others are checked', async (code, path, prepare) => {
    prepare();
    const { status, json } = await validateJson(path, 'good.json');
    expect(outcomes(json)).toEqual([`${path} ${code}`, 'good.json']);
    expect(status).toBe(code.startsWith('ARTIFACT') ? 1 : 3);
    expect(json).toMatchObject({ ok: false, error: { code }, summary: { unreadable: 1, errors: 0 } });
  });

  it('takes a file of exactly the limit', async () => {
    makeHuge(4 * 1024 * 1024);
    const { json } = await validateJson('huge.json');
    expect(outcomes(json)).toEqual(['huge.json json-syntax']);
  });

  it.runIf(process.getuid?.() === 0)('gets CLI_FILE_FORBIDDEN where this user may not read', async () => {
    write('secret.json', manifestOf('secret'));
    write('closed/inner.json', manifestOf('inner'));
    chmodSync(folder, 0o755);
    chmodSync(join(folder, 'secret.json'), 0);
    chmodSync(join(folder, 'closed'), 0);
    // What the command itself needs is read before: the other user may not be able to.
    await validateJson('good.json');
    process.seteuid?.(65_534);
    try {
      const { status, json } = await validateJson('secret.json', 'closed', 'closed/inner.json', 'good.json');
      const forbidden = ['secret.json', 'closed', 'closed/inner.json'].map((file) => `${file} CLI_FILE_FORBIDDEN`);
      expect(outcomes(json)).toEqual([...forbidden, 'good.json']);
      expect(status).toBe(3);
    } finally {
      process.seteuid?.(0);
    }
  });

  it('prints each in the pretty format too, with the findings on stdout and nothing on stderr', async () => {
    write('broken.json', BROKEN);
    const { status, stdout, stderr } = await validate('gone.json', 'broken.json');
    expect(status).toBe(3);
    expect(stdout).toContain('[CLI_FILE_MISSING]');
    expect(stdout).toContain('[json-duplicate-key]');
    expect(stderr).toBe('');
  });

  it('is the default folder when that is missing', async () => {
    const { status, json } = await validateJson();
    expect([status, json.error?.code]).toEqual([3, 'CLI_FILE_MISSING']);
  });

  function makeHuge(bytes: number): void {
    write('huge.json', '');
    truncateSync(join(folder, 'huge.json'), bytes);
  }
});

describe('what is found', () => {
  it.each<[string, string, Uint8Array | string]>([
    ['json-syntax', 'not JSON', '{"a":'],
    ['json-syntax', 'empty', ''],
    ['json-duplicate-key', 'a key twice', BROKEN],
    ['json-encoding', 'a byte-order mark', `\ufeff${real}`],
    ['json-encoding', 'UTF-16', Buffer.from(real, 'utf16le').fill(0xff, 0, 1)],
    ['manifest-version', 'a later version', real.replace('"manifestVersion": 1', '"manifestVersion": 2')],
  ])('%s, in a file that is %s', async (rule, _, text) => {
    write('a.json', text);
    const { status, json } = await validateJson('a.json');
    expect([status, ...outcomes(json)]).toEqual([1, `a.json ${rule}`]);
  });

  it('is where it stands in the file', async () => {
    write('a.json', '{"manifestVersion": 1,\n  "manifestVersion": 1}');
    write('b.json', real.replace('"risk": "low"', '"risk": "tiny"'));
    const { json } = await validateJson('a.json', 'b.json');
    const line = real.split('\n').findIndex((text) => text.includes('"risk": "low"')) + 1;
    expect(json.files[0]?.findings[0]).toMatchObject({ line: 2, column: 3 });
    const column = (real.split('\n')[line - 1] ?? '').indexOf('"low"') + 1;
    expect(json.files[1]?.findings[0]).toMatchObject({ line, column });
  });
});

describe('paths', () => {
  beforeEach(() => {
    for (const path of ['m/b.json', 'm/a.json', 'm/deep/c.json', 'm/node_modules/x/d.json', 'm/.hidden/e.json']) {
      write(path, manifestOf('xx'));
    }
    write('m/notes.txt', '');
  });

  it.each<[string, string[], string[]]>([
    ['a folder, and what is below it', ['m'], ['m/a.json', 'm/b.json', 'm/deep/c.json']],
    ['a folder twice, and a file of it', ['m/b.json', 'm', './m'], ['m/b.json', 'm/a.json', 'm/deep/c.json']],
    ['a glob', ['m/*.json'], ['m/a.json', 'm/b.json']],
    ['a deep glob', ['**/[cd].json'], ['m/deep/c.json']],
    ['a glob of folders', ['m/d*'], ['m/deep/c.json']],
    ['a file of another name', ['m/notes.txt'], ['m/notes.txt']],
  ])('takes %s', async (_, paths, files) => {
    const { json } = await validateJson(...paths);
    expect(json.files.map(({ file }) => file)).toEqual(files);
  });

  it('takes a file whose name looks like a glob', async () => {
    write('m/[a].json', manifestOf('xx'));
    const { json } = await validateJson('m/[a].json');
    expect(json.files.map(({ file }) => file)).toEqual(['m/[a].json']);
  });

  it('does not go round in a circle of links', async () => {
    symlinkSync('..', join(folder, 'm/deep/up'));
    const { json } = await validateJson('m');
    expect(json.files).toHaveLength(3);
  });

  it('does not enter a link to a folder that is named like a manifest', async () => {
    symlinkSync('..', join(folder, 'm/deep/up.json'));
    const { status, json } = await validateJson('m');
    expect([status, json.files.length]).toEqual([0, 3]);
  });

  it('refuses an empty path, which an unset variable leaves behind', async () => {
    expect(await validateJson('')).toMatchObject({ status: 2, json: { error: { code: 'CLI_USAGE' } } });
  });

  it('reads standard input', async () => {
    const readInput = async () => Buffer.from(BROKEN);
    const { status, stdout } = await runInProcess(folder, ['validate', '-', '--json'], { readInput });
    expect(status).toBe(1);
    expect(outcomes(JSON.parse(stdout))).toEqual(['- json-duplicate-key']);
  });

  it('bounds standard input', async () => {
    const readInput = async (maxBytes: number) => new Uint8Array(maxBytes + 1);
    const { status, stdout } = await runInProcess(folder, ['validate', '-', '--json'], { readInput });
    expect([status, JSON.parse(stdout).error.code]).toEqual([3, 'CLI_FILE_TOO_LARGE']);
  });
});

describe('options', () => {
  it.each<[string, string[], string]>([
    ['an unknown rule', ['--only', 'scope-unsued'], 'RULE_UNKNOWN'],
    ['an unknown rule to ignore', ['--ignore', 'nonsense'], 'RULE_UNKNOWN'],
    ['no rule at all', ['--only', ''], 'RULE_UNKNOWN'],
    ['a structure rule to ignore', ['--ignore', 'json-syntax'], 'RULE_NOT_OPTIONAL'],
    ['an unknown profile', ['--profile', 'prod'], 'CLI_USAGE'],
    ['no number', ['--max-warnings', '-1'], 'CLI_USAGE'],
    ['two formats', ['--format', 'sarif'], 'CLI_USAGE'],
    ['standard input to mend', ['--fix', '-'], 'CLI_USAGE'],
  ])('refuses %s before reading anything', async (_, args, code) => {
    const { status, json } = await validateJson(...args, 'gone.json');
    expect([status, json.error?.code]).toEqual([2, code]);
    expect(json.error?.message).not.toBe('');
  });

  it('names the closest rule to a misspelt one', async () => {
    const { status, stdout, stderr } = await validate('--only', 'scope-unsued');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('scope-unused');
  });

  it('checks only some rules, or all but some', async () => {
    write('a.json', withScope(manifestOf('aa')));
    const all = await validateJson('a.json');
    expect(outcomes(all.json)).toEqual(['a.json scope-unused']);
    const only = await validateJson('a.json', '--only', 'scope-undeclared,json-syntax');
    const ignored = await validateJson('a.json', '--ignore', 'scope-undeclared', '--ignore', 'scope-unused');
    expect([all.status, only.status, ignored.status]).toEqual([1, 0, 0]);
  });

  it('fails on more warnings than allowed, and hides but counts them when quiet', async () => {
    write('a.json', withWarning(manifestOf('aa')));
    const { json } = await validateJson('a.json');
    const warnings = json.summary.warnings ?? 0;
    expect(warnings).toBeGreaterThan(0);
    expect((await validate('a.json', '--max-warnings', String(warnings))).status).toBe(0);
    expect((await validate('a.json', '--max-warnings', String(warnings - 1))).status).toBe(1);
    expect(await validate('a.json', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect((await validate('a.json', '--quiet', '--max-warnings', '0')).status).toBe(1);
  });

  it('writes the findings to a file', async () => {
    write('a.json', BROKEN);
    const { status, stdout, stderr } = await validate('a.json', '--format', 'sarif', '--output', 'out/a.sarif');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe('1 manifest: 1 error, 0 warnings → out/a.sarif\n');
    expect(JSON.parse(readFileSync(join(folder, 'out/a.sarif'), 'utf8')).version).toBe('2.1.0');
    expect((await validate('a.json', '--output', 'a.json/x')).status).toBe(3);
  });

  it('says how far it is, on stderr: each thousand, and each second to who watches', async () => {
    for (let index = 0; index < 5; index += 1) write(`m/${index}.json`, manifestOf('xx'));
    let ms = 0;
    const now = () => {
      ms += 400;
      return new Date(ms);
    };
    const terminal: Partial<Terminal> = { now, errIsTerminal: true };
    const watched = await runInProcess(folder, ['validate', 'm'], terminal);
    expect(watched.stderr).toBe('3 of 5 manifests checked\n');
    expect((await runInProcess(folder, ['validate', 'm'], { now })).stderr).toBe('');
    expect((await runInProcess(folder, ['validate', 'm', '--quiet'], terminal)).stderr).toBe('');
  });
});

describe('--against', () => {
  it('compares with the last release of the same connector', async () => {
    write('new/a.json', withoutAction(manifestOf('aa')));
    write('new/b.json', withoutAction(manifestOf('bb')));
    write('old/a.json', manifestOf('aa'));
    const args = ['--only', 'action-removed', '--json'];
    const { status, stdout } = await validate('new', '--against', 'old', ...args);
    expect(outcomes(JSON.parse(stdout))).toEqual(['new/a.json action-removed', 'new/b.json']);
    expect(status).toBe(1);
  });

  it.each<[string, string, number]>([
    ['gone.json', 'CLI_FILE_MISSING', 3],
    ['broken.json', 'CLI_USAGE', 2],
    ['twice', 'CLI_USAGE', 2],
    ['-', 'CLI_USAGE', 2],
  ])('refuses %s', async (against, code, status) => {
    write('a.json', manifestOf('aa'));
    write('broken.json', BROKEN);
    write('twice/a.json', manifestOf('aa'));
    write('twice/b.json', manifestOf('aa'));
    expect(await validateJson('a.json', '--against', against)).toMatchObject({ status, json: { error: { code } } });
  });
});

describe('--fix', () => {
  it('mends the file and nothing else about it, and says what it mended', async () => {
    write('real/a.json', withScope(manifestOf('aa')));
    chmodSync(join(folder, 'real/a.json'), 0o640);
    symlinkSync('real/a.json', join(folder, 'link.json'));
    const { status, stdout } = await validate('link.json', '--fix');
    expect(status).toBe(0);
    expect(stdout).toMatch(/mended .*\[scope-unused\]/);
    expect(readFileSync(join(folder, 'real/a.json'), 'utf8')).toBe(manifestOf('aa'));
    expect(lstatSync(join(folder, 'real/a.json')).mode & 0o777).toBe(0o640);
    expect(readlinkSync(join(folder, 'link.json'))).toBe('real/a.json');
    expect((await validateJson('link.json', '--fix')).json.summary.repaired).toBe(0);
  });

  it('leaves alone what it can not mend', async () => {
    write('a.json', BROKEN);
    expect((await validate('a.json', '--fix')).status).toBe(1);
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe(BROKEN);
  });

  it.each(['artifact', 'artifact/manifest.json', 'packed.tgz', '**/*.json'])(
    'refuses %s, and writes nothing at all',
    async (path) => {
      write('a.json', withScope(manifestOf('aa')));
      write('artifact/manifest.json', withScope(manifestOf('bb')));
      write('artifact/connector.mjs', '');
      write('packed.tgz', '');
      expect(await validateJson('a.json', path, '--fix')).toMatchObject({
        status: 2,
        json: { error: { code: 'CLI_USAGE' } },
      });
      expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe(withScope(manifestOf('aa')));
    },
  );
});

/** With a scope that nothing uses. */
function withScope(manifest: string): string {
  const parsed = JSON.parse(manifest);
  parsed.scopes.unused = { title: 'Unused', description: 'Nothing uses this scope at all.', provider: ['x'] };
  return `${JSON.stringify(parsed, null, 2)}\n`;
}

/** With an input that may be of any length. */
function withWarning(manifest: string): string {
  const parsed = JSON.parse(manifest);
  parsed.connection.config.properties.note = { type: 'string' };
  return JSON.stringify(parsed);
}

function withoutAction(manifest: string): string {
  const parsed = JSON.parse(manifest);
  delete parsed.actions[Object.keys(parsed.actions)[0] ?? ''];
  return JSON.stringify(parsed);
}
