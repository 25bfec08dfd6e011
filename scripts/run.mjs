#!/usr/bin/env node
// Runs a workspace script with everything it needs in place: the pinned Node and pnpm, the installed packages.
// Works with nothing but npm and any Node from 20 on: `node scripts/run.mjs <script> [arguments]`.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [script, ...args] = process.argv.slice(2);
if (!script) {
  process.stderr.write('usage: node scripts/run.mjs <script> [arguments]\n');
  process.exit(2);
}

const bin = join(root, 'node_modules', '.bin');
const env = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
};
const windows = process.platform === 'win32';

/** Runs a command; what it prints while preparing goes to stderr, so that stdout stays the script's own. */
function run(command, commandArgs, stdio) {
  const { status, error } = spawnSync(command, commandArgs, { cwd: root, env, stdio, shell: windows });
  if (error) {
    process.stderr.write(`${command} could not be started: ${error.message}\n`);
    process.exit(3);
  }
  return status ?? 1;
}

function installIfStale() {
  const stampFile = join(root, 'node_modules', '.installed');
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)));
  const stamp = hash.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  process.stderr.write('Installing packages (once per change of the lockfile) …\n');
  const status = run('npx', ['--yes', PNPM, 'install', '--frozen-lockfile'], ['ignore', 2, 2]);
  if (status !== 0) {
    process.stderr.write('The packages could not be installed: is the npm registry reachable?\n');
    process.exit(3);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}

installIfStale();
// The pinned Node of node_modules/.bin is first on PATH from here on.
const child = spawn('node', [join('scripts', `${script}.mjs`), ...args], {
  cwd: root,
  env,
  stdio: 'inherit',
  shell: windows,
});
// The terminal's Ctrl-C reaches the script too: its clean-up is waited for.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => process.exit(code ?? 1));
