// The built command in processes of its own: what CI gets.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { rules } from '@org/connector-sdk/validation';
import { Ajv } from 'ajv';
import formatsPlugin from 'ajv-formats';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const PACKAGE = join(ROOT, 'packages/connector-cli');
const MANIFESTS = 'fixtures/manifests';
const RELEASED = 'fixtures/manifests-released';
const CORPUS = `${MANIFESTS}/*.json`;
const EVERYTHING = ['manifests', CORPUS];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connector-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  bin: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Ran {
  const env = { ...process.env, NO_COLOR: '', FORCE_COLOR: '', ...options.env };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(PACKAGE, 'bin', bin), ...args], {
    cwd: options.cwd ?? ROOT,
    env,
    encoding: 'utf8',
    maxBuffer: 1e9,
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
  return { status, stdout, stderr };
}

function validate(...args: string[]): Ran {
  return run('connector.mjs', ['validate', ...args]);
}

interface Document {
  readonly files: readonly {
    readonly file: string;
    readonly findings: readonly Readonly<Record<'ruleId' | 'severity' | 'pointer' | 'message', string>>[];
  }[];
}

function described({ severity, ruleId, pointer, message }: Document['files'][number]['findings'][number]): string {
  return `${severity} ${ruleId} ${pointer || '(top)'}: ${message}`;
}

function readJson(path: string) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

describe('over manifests/ and the broken corpus', () => {
  it('passes manifests/', () => {
    expect(validate()).toMatchObject({ status: 0, stderr: '' });
    expect(validate('manifests', '--profile', 'release').status).not.toBe(3);
  });

  it.each(
    ['pretty', 'json', 'sarif', 'junit', 'github'].flatMap((format) => [
      [format, 'pr'],
      [format, 'release'],
    ]),
  )('gives the same %s bytes for the %s profile again, and exit code 1', (format, profile) => {
    const args = [...EVERYTHING, '--format', format, '--profile', profile];
    const first = validate(...args);
    expect(first).toMatchObject({ status: 1, stderr: '' });
    expect(first.stdout.length).toBeGreaterThan(10_000);
    const elsewhere = { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', NODE_DISABLE_COMPILE_CACHE: '1' };
    expect(run('connector.mjs', ['validate', ...args], { env: elsewhere })).toEqual(first);
  });

  it.each(['pr', 'release'] as const)(
    'finds in the %s profile what the golden results say, and each rule somewhere',
    (profile) => {
      const golden: Record<string, Record<'pr' | 'release', string[]>> = readJson('fixtures/manifests-golden.json');
      // The last release that a file is to be compared with has its name.
      const compared = new Set(readdirSync(join(ROOT, RELEASED)));
      const names = Object.keys(golden);
      const alone = names.filter((name) => !compared.has(name)).map((name) => `${MANIFESTS}/${name}`);
      const documents = [
        validate(...alone, '--json', '--profile', profile),
        ...[...compared].map((name) =>
          validate(`${MANIFESTS}/${name}`, '--against', `${RELEASED}/${name}`, '--json', '--profile', profile),
        ),
      ].map(({ stdout }): Document => JSON.parse(stdout));
      const files = documents.flatMap((document) => document.files);
      const found = files.map(({ file, findings }) => [basename(file), findings.map(described)] as const);
      expect(found.length).toBeGreaterThanOrEqual(80);
      expect(Object.fromEntries(found)).toEqual(
        Object.fromEntries(names.map((name) => [name, golden[name]?.[profile]])),
      );
      const ids = new Set(files.flatMap(({ findings }) => findings.map(({ ruleId }) => ruleId)));
      const speaking = rules.filter((rule) => profile === 'release' || rule.severity !== undefined);
      expect(speaking.filter(({ id }) => !ids.has(id)).map(({ id }) => id)).toEqual([]);
    },
  );

  it('is SARIF that fits the schema of the standard, with a region in the file for each result', () => {
    const { $schema: _, id, ...schema } = readJson('fixtures/sarif/sarif-schema-2.1.0.json');
    const ajv = new Ajv({ strict: false });
    formatsPlugin.default(ajv);
    const isSarif = ajv.compile({ ...schema, $id: id });
    const sarif = JSON.parse(validate(...EVERYTHING, 'gone.json', '--format', 'sarif').stdout);
    expect(isSarif(sarif), JSON.stringify(isSarif.errors)).toBe(true);
    for (const { locations } of sarif.runs[0].results) {
      const { artifactLocation, region } = locations[0].physicalLocation;
      const lines = readFileSync(join(ROOT, decodeURIComponent(artifactLocation.uri)), 'utf8').split('\n');
      expect(region.startLine).toBeLessThanOrEqual(lines.length);
      expect(region.startColumn).toBeLessThanOrEqual((lines[region.startLine - 1] ?? '').length + 1);
    }
  });

  it('is JUnit that a standard parser reads', () => {
    const { stdout } = validate(...EVERYTHING, '--format', 'junit');
    expect(XMLValidator.validate(stdout)).toBe(true);
    const { testsuites } = new XMLParser({ ignoreAttributes: false, isArray: (name) => name === 'testcase' }).parse(
      stdout,
    );
    const cases = testsuites.testsuite.flatMap((suite: { testcase: object[] }) => suite.testcase);
    expect(cases).toHaveLength(Number(testsuites['@_tests']));
    expect(cases.filter((testcase: object) => 'failure' in testcase)).toHaveLength(Number(testsuites['@_failures']));
  });
});

describe('the process', () => {
  it('is also installed as manifest-validate', () => {
    const { bin } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
    expect(bin).toEqual({ connector: './bin/connector.mjs', 'manifest-validate': './bin/manifest-validate.mjs' });
    const args = [...EVERYTHING, '--json'];
    expect(run('manifest-validate.mjs', args)).toEqual(validate(...args));
    expect(run('manifest-validate.mjs', ['--help']).stdout).toMatch(
      /^Usage: manifest-validate \[options\] \[paths\.\.\.\]/,
    );
    expect(run('manifest-validate.mjs', ['--bogus', '--json'])).toMatchObject({ status: 2 });
  });

  it.each<[string, string[], number, RegExp]>([
    ['a missing file', ['gone.json'], 3, /CLI_FILE_MISSING/],
    ['a folder without manifests', ['docs/decisions'], 3, /CLI_NO_MANIFEST/],
    ['a device', ['/dev/zero'], 3, /CLI_FILE_NOT_REGULAR/],
    ['an unknown rule', ['--only', 'no-such-rule'], 2, /RULE_UNKNOWN/],
    ['an unknown format', ['--format', 'xml'], 2, /--format/],
    ['--fix of an artifact', ['packages/connector-slack/artifact', '--fix'], 2, /CLI_USAGE.*artifact/],
  ])('says what is wrong with %s', (_, args, status, message) => {
    const ran = validate(...args);
    expect(ran.status).toBe(status);
    expect(status === 2 ? ran.stderr : ran.stdout).toMatch(message);
    expect(status === 2 ? ran.stdout : ran.stderr).toBe('');
  });

  it('reads standard input', () => {
    const ran = run('connector.mjs', ['validate', '-'], { input: '{"a":1,"a":2}' });
    expect(ran).toMatchObject({ status: 1, stdout: expect.stringContaining('[json-duplicate-key]') });
  });

  it('reads built artifacts', () => {
    expect(validate('packages/connector-slack/artifact')).toMatchObject({ status: 0 });
  });

  it('keeps its exit code when the reader of its findings goes away', async () => {
    const child = spawn(process.execPath, [join(PACKAGE, 'bin/connector.mjs'), 'validate', ...EVERYTHING, '--json'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([1, '']);
  });

  it.runIf(existsSync('/dev/full'))('says in one line that its findings could not be written', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"$0" "$1" validate manifests > /dev/full`, process.execPath, join(PACKAGE, 'bin/connector.mjs')],
      {
        cwd: ROOT,
        encoding: 'utf8',
      },
    );
    expect([status, stderr.split('\n').length]).toEqual([3, 2]);
    expect(stderr).toMatch(/^CLI_FILE_UNWRITABLE: stdout .*ENOSPC/);
  });

  it('starts without what it does not need', () => {
    const hooks = `
      import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { if (!url.startsWith('node:')) process.stderr.write(url + '\\n'); return next(url, context); } });
    `;
    const preload = `data:text/javascript,${encodeURIComponent(hooks)}`;
    const bin = join(PACKAGE, 'bin/connector.mjs');
    const { stderr } = spawnSync(process.execPath, ['--import', preload, bin, 'validate', 'manifests/slack.json'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const loaded = stderr.trim().split('\n');
    expect(loaded.filter((url) => !url.startsWith(`file://${PACKAGE}/`) && !url.startsWith('data:'))).toEqual([]);
    expect(loaded.length).toBeLessThan(25);
  });

  it('checks thousands of files in one call, and says on stderr how far it is', () => {
    const many = join(folder, 'many');
    mkdirSync(many);
    const text = readFileSync(join(ROOT, 'manifests/slack.json'), 'utf8');
    for (let index = 0; index < 2100; index += 1) {
      writeFileSync(join(many, `${String(index).padStart(4, '0')}.json`), index % 7 === 0 ? '{' : text);
    }
    const first = validate(many, '--json', '--only', 'json-syntax');
    expect(first.status).toBe(1);
    expect(first.stderr.trim().split('\n')).toEqual(
      ['1000', '2000'].map((done) => `${done} of 2100 manifests checked`),
    );
    const { files, summary } = JSON.parse(first.stdout);
    expect(summary).toMatchObject({ files: 2100, errors: 300 });
    expect(files.map(({ file }: { file: string }) => file)).toEqual(
      readdirSync(many)
        .sort()
        .map((name) => join(many, name)),
    );
    expect(validate(many, '--json', '--only', 'json-syntax')).toEqual(first);
    // In threads, or a few at a time in the only thread: the same.
    const few = readdirSync(many)
      .sort()
      .slice(0, 400)
      .map((name) => join(many, name));
    const alone = JSON.parse(validate(...few, '--json', '--only', 'json-syntax').stdout);
    expect(alone.files).toEqual(files.slice(0, 400));
  });
});

describe('the compile cache', () => {
  it('lies inside the package, and is done without where that can not be written', () => {
    const copy = join(folder, 'package');
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(join(PACKAGE, part), join(copy, part), { recursive: true });
    const env = { ...process.env, HOME: join(folder, 'home'), TMPDIR: join(folder, 'tmp') };
    mkdirSync(env.HOME);
    mkdirSync(env.TMPDIR);
    const bin = join(copy, 'bin/connector.mjs');
    const start = (nodeArgs: string[] = []) =>
      spawnSync(process.execPath, [...nodeArgs, bin, 'validate', join(ROOT, 'manifests')], { env, encoding: 'utf8' });
    expect(start()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(copy, 'node_modules/.cache/compile')).length).toBe(1);
    expect([readdirSync(env.HOME), readdirSync(env.TMPDIR)]).toEqual([[], []]);
    rmSync(join(copy, 'node_modules'), { recursive: true });
    // A file in the place of the folder: also root can't write there.
    writeFileSync(join(copy, 'node_modules'), '');
    chmodSync(join(copy, 'node_modules'), 0o444);
    expect(start()).toMatchObject({ status: 0, stderr: '' });
  });
});
