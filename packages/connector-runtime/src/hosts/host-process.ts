import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { BOOTSTRAP } from './bootstrap.ts';
import type { ChildProgram } from './child-program.ts';
import type { HostLimits } from './host-limits.ts';

export interface HostProcess {
  readonly pid: number | undefined;
  /** What the host writes. */
  readonly outlet: Readable;
  /** Resolves when the process has taken it, or is gone. */
  write(text: string): Promise<void>;
  onEnd(ended: (how: { code: number | null; signal: string | null } | { cause: Error }) => void): void;
  kill(): void;
}

/**
 * What V8 maps for itself and mostly never touches, its range for machine code above all, counts as data. The limit is a wall
 * behind the one that the memory watch keeps: it holds also while this process is too busy to look.
 */
const UNTOUCHED_MB = 1024;

/**
 * Core dumps would hold what the host was working on (pitfall 56). `exec` keeps the process id. Started by its name alone, the
 * process does not show where it is installed.
 */
const LAUNCH = 'ulimit -c 0; ulimit -d "$1"; PATH="$2"; shift 2; exec "$@"';
const SHELL = '/bin/sh';

/** Starts a process that has the host's own program and no connector yet. */
export function spawnHost(program: ChildProgram, start: unknown, limits: HostLimits): HostProcess {
  const args = [...flags(limits), '--input-type=module', '-e', BOOTSTRAP];
  const [file, fileArgs] = launcher(process.execPath, args, limits);
  const child = spawn(file, fileArgs, {
    // Connector code sees no environment and no place of this machine.
    env: {},
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    // Not for the shell, which may go by it.
    ...(file === process.execPath && { argv0: 'node' }),
    windowsHide: true,
  });
  child.stdin?.on('error', () => {});
  const first = JSON.stringify({ ...program, start });
  child.stdin?.write(String(Buffer.byteLength(first)).padStart(16, '0') + first);
  return {
    pid: child.pid,
    outlet: child.stdio[3] as Readable,
    write: (text) => writeTo(child, text),
    onEnd(ended) {
      child.on('error', (cause) => ended({ cause }));
      child.on('close', (code, signal) => ended({ code, signal }));
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Without a shell, as in some container images, there are only the limits that this process enforces. */
function launcher(node: string, args: readonly string[], limits: HostLimits): [string, string[]] {
  if (process.platform !== 'linux' || !existsSync(SHELL)) return [node, [...args]];
  const dataKb = (UNTOUCHED_MB + limits.totalMemoryMb) * 1024;
  return [SHELL, ['-c', LAUNCH, 'host', String(dataKb), dirname(node), basename(node), ...args]];
}

function writeTo(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (child.stdin === null || child.stdin.destroyed) resolve();
    else child.stdin.write(text, () => resolve());
  });
}

/** Nothing is granted. The rest takes away what the permission model does not cover. */
function flags({ memoryMb }: HostLimits): string[] {
  return [
    '--permission',
    '--no-experimental-sqlite',
    '--no-experimental-ffi',
    '--no-addons',
    '--disable-sigusr1',
    '--frozen-intrinsics',
    '--disable-proto=throw',
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    `--max-old-space-size=${memoryMb}`,
  ];
}
