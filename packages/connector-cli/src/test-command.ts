import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCli } from './program.ts';
import type { Terminal } from './terminal.ts';

export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command without a process, where a process does not matter. */
export async function runInProcess(
  cwd: string,
  args: readonly string[],
  terminal: Partial<Terminal> = {},
): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runCli(args, {
    out: (text) => void out.push(`${text}\n`),
    err: (text) => void err.push(`${text}\n`),
    env: {},
    cwd,
    now: () => new Date(0),
    ...terminal,
  });
  return { status, stdout: out.join(''), stderr: err.join('') };
}

/** A folder that goes when the test ends. */
export async function newTestFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
