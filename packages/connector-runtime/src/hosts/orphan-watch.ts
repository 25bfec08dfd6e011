import { spawn } from 'node:child_process';

/** Ends processes when this one is gone, however it went. */
export interface OrphanWatch {
  add(pid: number): void;
  remove(pid: number): void;
  /** As if this process were gone: what was added and not removed is killed. */
  close(): void;
}

/** Only built-ins of the shell: it needs no path and starts nothing. The end of its input is the end of the runtime. */
const SCRIPT = `
pids=''
while read -r sign pid; do
  case $sign in
    +) pids="$pids $pid" ;;
    -) rest=''; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
[ -z "$pids" ] || kill -KILL $pids`;

/**
 * A host hangs up by itself when its input ends, but one that is stuck in a loop never reads it, and a runtime that was
 * killed can't end it. Where there is no `/bin/sh`, such a host stays until somebody ends it.
 */
export function createOrphanWatch(): OrphanWatch {
  // In a group of its own: what ends the runtime's group must not end its witness.
  const watch = spawn('/bin/sh', ['-c', SCRIPT], {
    env: {},
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.on('error', () => {});
  watch.stdin.on('error', () => {});
  watch.unref();
  if ('unref' in watch.stdin && typeof watch.stdin.unref === 'function') watch.stdin.unref();
  return {
    add: (pid) => void watch.stdin.write(`+ ${pid}\n`),
    remove: (pid) => void watch.stdin.write(`- ${pid}\n`),
    close: () => void watch.stdin.end(),
  };
}
