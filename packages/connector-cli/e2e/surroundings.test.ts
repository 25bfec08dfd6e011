// The built command where a machine is not as it should be: each its own message and exit code, never a stack trace.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PACKAGE = join(import.meta.dirname, '..');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connector-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const engines: string = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).engines.node;
const least = Number(engines.replace('>=', ''));

describe.each(['connector.mjs', 'manifest-validate.mjs'])('%s', (name) => {
  const bin = join(PACKAGE, 'bin', name);
  const command = name === 'connector.mjs' ? ['validate'] : [];

  it('tells an older Node from a defect', () => {
    for (const [version, tooOld] of [
      [`${least - 1}.99.9`, true],
      [`${least}.0.0`, false],
    ] as const) {
      const told = join(folder, 'older.mjs');
      const versions = `{ ...process.versions, node: '${version}' }`;
      writeFileSync(told, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
      const args = ['--import', pathToFileURL(told).href, bin, ...command];
      const plain = spawnSync(process.execPath, [...args, '-'], { encoding: 'utf8', input: '{' });
      const json = spawnSync(process.execPath, [...args, '-', '--json'], { encoding: 'utf8', input: '{' });
      expect([plain.status, json.status]).toEqual(tooOld ? [3, 3] : [1, 1]);
      expect(plain.stderr.startsWith('CLI_NODE_TOO_OLD: ')).toBe(tooOld);
      expect(JSON.parse(json.stdout).error?.code).toBe(tooOld ? 'CLI_NODE_TOO_OLD' : undefined);
    }
  });

  it('says that the folder it is called in is gone', () => {
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
    const run = (...args: string[]) =>
      spawnSync('sh', ['-c', script, process.execPath, bin, ...command, ...args], { cwd: folder, encoding: 'utf8' });
    const plain = run('a.json');
    expect([plain.status, plain.stdout]).toEqual([3, '']);
    expect(plain.stderr).toMatch(/^CLI_FILE_MISSING: .*\n$/);
    const json = run('a.json', '--json');
    expect([json.status, JSON.parse(json.stdout).error.code]).toEqual([3, 'CLI_FILE_MISSING']);
    expect(run('--help').status).toBe(0);
  });
});
