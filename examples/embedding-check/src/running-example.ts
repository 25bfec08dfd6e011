import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

export interface RunningExample {
  /** Where it listens, as it said itself. */
  readonly origin: string;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Its exit code, once it has ended by itself. */
  readonly exit: Promise<number | null>;
}

type Environment = Readonly<Record<string, string>>;

const run = promisify(execFile);

/** Runs a Node program to its end. Throws when it fails. */
export async function buildExample(folder: string, args: readonly string[], env: Environment): Promise<void> {
  await run(process.execPath, args, { cwd: folder, env: environment(env) });
}

/** Starts a Node program and waits until a line of its output has an address. Throws what it said when it ends before. */
export async function startExample(folder: string, args: readonly string[], env: Environment): Promise<RunningExample> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-4000);
    });
  }
  const origin = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [found] = /http:\/\/[\w.[\]:]+:\d+/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    void exit.then((code) => reject(new Error(`${args[0]} ended with ${code} before it listened:\n${said}`)));
  });
  return { origin, signal: (name) => void child.kill(name), exit };
}

/** Nothing of ours but where programs are: an example gets what it is given. */
function environment(env: Environment): Record<string, string> {
  return { PATH: process.env.PATH ?? '', ...env };
}
