import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A process of the demo: it prints one JSON line when ready; all it prints is kept in a log file. */
export interface Child<Ready> {
  readonly ready: Ready;
  readonly pid: number;
  /** Resolves when it is gone, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends it and waits until it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export async function startChild<Ready>(options: {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly logFile: string;
}): Promise<Child<Ready>> {
  // The channel says nothing: it tells the child that we are gone, should we be killed.
  const child = spawn(options.command, options.args, {
    env: { ...options.env },
    // A Ctrl-C in the terminal is ours alone: children are stopped in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error(`${options.name} has no pipes`);
  const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  stderr.pipe(log, { end: false });
  stdin.end(options.input ?? '');
  const lines = createInterface({ input: stdout });
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2000);
  });
  const ready = await new Promise<Ready>((resolve, reject) => {
    lines.on('line', (line) => {
      // The first line is for us alone (the emulators' one carries the vendors' side of the secrets); later ones are log.
      if (isReady(line)) resolve(JSON.parse(line) as Ready);
      else log.write(`${line}\n`);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${options.name} ended with ${code} before it was ready: ${said.trim()}`)),
    );
  });
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  return { ready, pid: child.pid ?? 0, ended, stop: (signal) => stopChild(child, signal) };
}

function isReady(line: string): boolean {
  return line.startsWith('{"ready":true');
}

async function stopChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
