// `connector validate --output`: what may be written over, and what may not.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTestFolder, runInProcess } from '../test-command.ts';

const BROKEN = '{"manifestVersion":1,"manifestVersion":1}';
const makePipe = 'mkfifo';

let folder: string;
beforeEach(async () => {
  folder = await newTestFolder();
  mkdirSync(at('m'));
  writeFileSync(at('m/a.json'), BROKEN);
});

function at(path: string): string {
  return join(folder, path);
}

async function validate(...args: string[]) {
  const { status, stdout } = await runInProcess(folder, ['validate', ...args]);
  return { status, stdout };
}

describe('--output', () => {
  it.each<[string, string, () => void]>([
    ['what is checked', 'm/a.json', () => {}],
    ['it under another spelling', './m/../m/a.json', () => {}],
    ['it through a link', 'link.json', () => symlinkSync('m/a.json', at('link.json'))],
    ['another name of it', 'twin.json', () => linkSync(at('m/a.json'), at('twin.json'))],
    ['the last release', 'old.json', () => writeFileSync(at('old.json'), BROKEN)],
    ['no name', '', () => {}],
  ])('refuses %s', async (_, output, prepare) => {
    prepare();
    const args = ['m', '--output', output, '--json', ...(output === 'old.json' ? ['--against', 'old.json'] : [])];
    const { status, stdout } = await validate(...args);
    expect([status, JSON.parse(stdout).error.code]).toEqual([2, 'CLI_USAGE']);
    // The last release is no manifest either: what is said must be about the option.
    expect(JSON.parse(stdout).error.message).toMatch(/^--output /);
    expect(readFileSync(at('m/a.json'), 'utf8')).toBe(BROKEN);
  });

  it('replaces an older report, through a link', async () => {
    writeFileSync(at('report.json'), 'old');
    symlinkSync('report.json', at('latest.json'));
    expect(await validate('m', '--format', 'json', '--output', 'latest.json')).toEqual({ status: 1, stdout: '' });
    expect(readlinkSync(at('latest.json'))).toBe('report.json');
    expect(JSON.parse(readFileSync(at('report.json'), 'utf8')).command).toBe('validate');
  });

  it('writes into a pipe or a device and does not take its place', async () => {
    spawnSync(makePipe, [at('pipe')]);
    const reader = spawn('cat', [at('pipe')], { stdio: ['ignore', 'pipe', 'ignore'] });
    let read = '';
    reader.stdout.on('data', (chunk: Buffer) => {
      read += chunk.toString();
    });
    const closed = once(reader, 'close');
    try {
      expect((await validate('m', '--format', 'json', '--output', 'pipe')).status).toBe(1);
      expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
      await closed;
      expect(JSON.parse(read).command).toBe('validate');
    } finally {
      reader.kill();
    }
  });

  it('says so where nothing can be written, and leaves nothing behind', async () => {
    writeFileSync(at('file'), '');
    for (const output of ['m', 'file/x']) {
      const { status, stderr } = await runInProcess(folder, ['validate', 'm', '--output', output]);
      expect([status, stderr.split(':')[0]]).toEqual([3, 'CLI_FILE_UNWRITABLE']);
    }
    expect(readdirSync(folder).sort()).toEqual(['file', 'm']);
  });
});
