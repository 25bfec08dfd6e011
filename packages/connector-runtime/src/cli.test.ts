import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=@org/source', cli, ...args], { cwd: folder }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

const configWith = async (change: object) => {
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1:8080',
    database: { dataDir: './data' },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: randomBytes(32).toString('base64url') },
    trust: './trust.json',
    workflows: [],
    ...change,
  };
  const file = join(folder, 'runtime.config.mjs');
  await writeFile(file, `export default ${JSON.stringify(config)}`);
  return file;
};

describe('connector-runtime', () => {
  it('explains itself', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toContain('serve');
    expect((await run('serve', '--help')).out).toContain('--config');
  });

  it.each([[[]], [['unknown']], [['serve']], [['serve', '--confg', 'x']], [['audit', 'verify']]])(
    '%j is a usage error: one line, exit 2',
    async (args) => {
      const { code, err, out } = await run(...args);
      expect(code).toBe(2);
      expect(out).toBe('');
      if (args.length > 0) expect(err.trim().split('\n')).toHaveLength(1);
    },
  );

  it('a config that is missing: one line, exit 2', async () => {
    const { code, err } = await run('audit', 'verify', '--config', 'nowhere.ts');
    expect(code).toBe(2);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain('CONFIG_MISSING');
  });

  it('a config with two problems: two lines, exit 2, nothing made', async () => {
    const { code, err } = await run('audit', 'verify', '--config', await configWith({ port: undefined, host: 7 }));
    expect(code).toBe(2);
    expect(err.trim().split('\n')).toHaveLength(2);
    expect(await readdir(folder)).toEqual(['runtime.config.mjs']);
  });

  it('serve without a port: one line that says so, exit 2', async () => {
    const { code, err } = await run('serve', '--config', await configWith({ port: undefined }));
    expect(code).toBe(2);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain('port is missing');
  });

  it.each([
    ['missing', undefined],
    ['broken', '{'],
    ['of no publishers', '{}'],
  ])('serve with a trust policy that is %s: one line, exit 2, nothing made', async (_, trust) => {
    const config = await configWith({});
    if (trust !== undefined) await writeFile(join(folder, 'trust.json'), trust);
    const { code, err } = await run('serve', '--config', config);
    expect(code).toBe(2);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(await readdir(folder)).not.toContain('data');
  });

  it('serve on a port that is taken: one line, exit 3, nothing made', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await writeFile(join(folder, 'trust.json'), JSON.stringify({ trustVersion: 1, publishers: {} }));
    const { code, err } = await run('serve', '--config', await configWith({ port }));
    server.close();
    expect(code).toBe(3);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain('PORT_UNAVAILABLE');
    expect(await readdir(folder)).not.toContain('data');
  });

  it('a foreign data directory: one line, exit 3, nothing changed', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'mine.txt'), 'mine');
    const { code, err } = await run('audit', 'verify', '--config', await configWith({}));
    expect(code).toBe(3);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain('DATA_DIRECTORY_FOREIGN');
    expect(await readdir(join(folder, 'data'))).toEqual(['mine.txt']);
  });

  it('an unreachable database: one line without its password, exit 3', async () => {
    const { code, err } = await run(
      'audit',
      'verify',
      '--config',
      await configWith({ database: { url: 'postgres://user:hunter22@127.0.0.1:1/db' } }),
    );
    expect(code).toBe(3);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain('DATABASE_UNREACHABLE');
    expect(err).not.toContain('hunter22');
  });

  it('a broken audit export: one line, exit 1', async () => {
    const file = join(folder, 'audit.ndjson');
    await writeFile(file, '{"not":"an entry"}\n');
    const { code, err } = await run('audit', 'verify', '--file', file);
    expect(code).toBe(1);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain('AUDIT_BROKEN');
  });
});
