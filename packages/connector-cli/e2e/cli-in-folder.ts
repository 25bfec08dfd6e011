import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../src/index.ts';

const CLI = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'cli.ts');

export interface Answer {
  readonly status: number;
  /** The one document on stdout. */
  readonly json: Record<string, unknown>;
  /** Lines on stderr. */
  readonly told: readonly string[];
}

/** `connector … --json` in this process, in a folder, with an environment and a clock of the test. */
export function cliInFolder(folder: string, env: Record<string, string> = {}, now = () => new Date()) {
  return async (...args: readonly string[]): Promise<Answer> => {
    const printed: string[] = [];
    const told: string[] = [];
    const status = await runCli([...args, '--json'], {
      out: (text) => void printed.push(text),
      err: (text) => void told.push(text),
      env: { PATH: process.env.PATH, ...env },
      cwd: folder,
      now,
    });
    return { status, json: JSON.parse(printed.join('')), told };
  };
}

/** The real command in a process of its own, from source; its exit code. */
export async function connectorProcess(folder: string, ...args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, ['--conditions=@org/source', CLI, ...args], { cwd: folder, stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status;
}
