import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder, writeDeskConnector } from './desk-connector.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The real command in a process of its own, with an environment of the test. */
function build(cwd: string, dir: string, env: Record<string, string>, ...args: readonly string[]) {
  const command = ['--conditions=@org/source', CLI, 'build', dir, '--json', ...args];
  const options = { cwd, env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' as const };
  const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
  return { status, json: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

describe('connector build', () => {
  it('gives the same bytes in any folder, time zone, language and home, and whatever lies beside the sources', async () => {
    await writeDeskConnector(folder, 'one');
    await mkdir(join(folder, 'elsewhere with spaces/ünïcode'), { recursive: true });
    const other = await writeDeskConnector(join(folder, 'elsewhere with spaces/ünïcode'), 'two', {
      files: { 'tsconfig.tsbuildinfo': 'x', 'src/unused.ts': 'export const unused = 1;\n', '.env': 'SECRET=1' },
    });
    const first = build(folder, 'one', { TZ: 'UTC', LANG: 'C' }, '--sbom', 'one.cdx.json');
    const second = build(
      other,
      '.',
      { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', HOME: folder, NODE_ENV: 'test' },
      '--sbom',
      'two.cdx.json',
    );
    expect([first.status, second.status]).toEqual([0, 0]);
    expect(second.json.digest).toBe(first.json.digest);
    for (const name of ['connector.mjs', 'manifest.json']) {
      const [a, b] = [join(folder, 'one/artifact', name), join(other, 'artifact', name)];
      expect((await readFile(a)).equals(await readFile(b))).toBe(true);
    }
    expect(await readFile(join(other, 'two.cdx.json'), 'utf8')).toBe(
      await readFile(join(folder, 'one.cdx.json'), 'utf8'),
    );
  });

  it('gives other bytes for other sources', async () => {
    await writeDeskConnector(folder, 'changed', {
      files: { 'src/ticket-path.ts': 'export const ticketPath = String;\n' },
    });
    await writeDeskConnector(folder, 'same');
    const [changed, same] = [build(folder, 'changed', {}), build(folder, 'same', {})];
    expect(changed.json.digest).not.toBe(same.json.digest);
  });

  it('says what is in the bundle and how large everything is', async () => {
    await writeDeskConnector(folder, 'told');
    const { json } = build(folder, 'told', {});
    const code = await readFile(join(folder, 'told/artifact/connector.mjs'));
    expect(json).toMatchObject({
      files: expect.arrayContaining([{ name: 'connector.mjs', bytes: code.byteLength, gzipBytes: expect.any(Number) }]),
      packages: expect.arrayContaining([
        expect.objectContaining({ name: 'zod', license: 'MIT' }),
        expect.objectContaining({ name: '@acme/desk', version: '1.4.0' }),
      ]),
    });
  });

  it('warns of a large bundle, and of none other', async () => {
    const large = `export const ticketPath = (id: string) => id + ${JSON.stringify('x'.repeat(600_000))}.length;\n`;
    await writeDeskConnector(folder, 'large', { files: { 'src/ticket-path.ts': large } });
    await writeDeskConnector(folder, 'small', {
      files: {
        'src/connector.ts': (await readFile(join(folder, 'one/src/connector.ts'), 'utf8')).replace('{ z }', '* as z'),
      },
    });
    expect(build(folder, 'large', {})).toMatchObject({ status: 0, json: { warnings: [expect.any(String)] } });
    expect(build(folder, 'large', {}).stderr).toContain('warning:');
    expect(build(folder, 'small', {})).toMatchObject({ status: 0, json: { warnings: [] } });
  });

  it('builds what another package manager installed as copies to the same bytes', async () => {
    const linked = await writeDeskConnector(folder, 'linked');
    const copied = await writeDeskConnector(folder, 'copied');
    await rm(join(copied, 'node_modules'));
    await mkdir(join(copied, 'node_modules/@org'), { recursive: true });
    const sdk = join(linked, 'node_modules/@org/connector-sdk');
    const copy = { recursive: true, dereference: true };
    await cp(join(linked, 'node_modules/zod'), join(copied, 'node_modules/zod'), copy);
    for (const name of ['package.json', 'src']) {
      await cp(join(sdk, name), join(copied, 'node_modules/@org/connector-sdk', name), copy);
    }
    for (const name of await readdir(join(sdk, 'node_modules'))) {
      if (name === 'zod' || name.startsWith('.')) continue;
      await symlink(join(await realpath(sdk), 'node_modules', name), join(copied, 'node_modules', name));
    }
    const [one, two] = [build(folder, 'linked', {}), build(folder, 'copied', {})];
    expect(two.status).toBe(0);
    expect(two.json.digest).toBe(one.json.digest);
  });
});

describe('connector build --sbom', () => {
  it('writes CycloneDX 1.6 that fits its schema', async () => {
    await writeDeskConnector(folder, 'bill', { package: { license: 'Apache-2.0 OR MIT' } });
    const { status, json } = build(folder, 'bill', {}, '--sbom', 'out/bill.cdx.json');
    expect(status).toBe(0);
    const text = await readFile(join(folder, 'out/bill.cdx.json'), 'utf8');
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    // The same validator does refuse what does not fit.
    expect(await validator.validate(text.replace('"SHA-256"', '"SHA-257"'))).not.toBeNull();
    expect(JSON.parse(text)).toMatchObject({
      metadata: {
        component: {
          purl: 'pkg:npm/%40acme/desk@1.4.0',
          licenses: [{ expression: 'Apache-2.0 OR MIT' }],
          properties: expect.arrayContaining([{ name: 'connector:artifact-digest', value: json.digest }]),
        },
      },
      components: expect.arrayContaining([
        expect.objectContaining({
          name: 'zod',
          purl: expect.stringMatching(/^pkg:npm\/zod@4\./),
          licenses: [{ expression: 'MIT' }],
        }),
      ]),
      dependencies: expect.arrayContaining([
        {
          ref: '@acme/desk@1.4.0',
          dependsOn: [expect.stringContaining('@org/connector-sdk@'), expect.stringContaining('zod@')],
        },
      ]),
    });
    expect(JSON.parse(text).metadata.timestamp).toBeUndefined();
  });

  it.each(['UNLICENSED', 'SEE LICENSE IN LICENSE.txt', 'Ümlaut 1.0', ''])(
    'fits its schema also with the licence %j',
    async (license) => {
      const dir = `licence-${license.replaceAll(/\W/g, '-')}`;
      await writeDeskConnector(folder, dir, { package: { license } });
      expect(build(folder, dir, {}, '--sbom', `${dir}.json`).status).toBe(0);
      const text = await readFile(join(folder, `${dir}.json`), 'utf8');
      expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull();
    },
  );
});
