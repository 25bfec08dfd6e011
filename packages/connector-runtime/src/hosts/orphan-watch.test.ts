import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { createOrphanWatch } from './orphan-watch.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

async function startLoop(): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x"); for (;;);'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  if (child.stdout) await once(child.stdout, 'data');
  if (child.pid === undefined) throw new Error('did not start');
  return Object.assign(child, { pid: child.pid });
}

describe('the orphan watch', () => {
  it('kills what is left when the runtime is gone, though it loops, and nothing else', async () => {
    const [left, ended] = [await startLoop(), await startLoop()];
    const watch = createOrphanWatch();
    watch.add(left.pid);
    watch.add(ended.pid);
    watch.remove(ended.pid);
    const exit = once(left, 'exit');
    watch.close();
    await expect(exit).resolves.toEqual([null, 'SIGKILL']);
    expect(ended.exitCode).toBeNull();
    expect(ended.signalCode).toBeNull();
  });
});
