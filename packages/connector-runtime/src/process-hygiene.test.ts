import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('./process-hygiene.fixture.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, ['--conditions=@org/source', ...flags, script], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  children.push(child);
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return { child, said: () => text };
}

describe("the process's memory", () => {
  it('is in no core dump and no report, of it or of what it starts', async () => {
    const { child } = start();
    const [message] = await once(child, 'message');
    expect(message).toEqual({ child: '00000000', report: true });
    expect((await readFile(`/proc/${child.pid}/coredump_filter`, 'utf8')).trim()).toBe('00000000');
  });

  it('is not opened to a debugger by SIGUSR1', async () => {
    const { child, said } = start();
    await once(child, 'message');
    child.kill('SIGUSR1');
    child.send('end');
    await once(child, 'close');
    expect(said()).not.toContain('Debugger listening');
  });

  it.each([
    ['--inspect=127.0.0.1:0', []],
    ['--heapsnapshot-signal=SIGUSR2', []],
    ['--heapsnapshot-near-heap-limit=1', []],
    ['--report-on-fatalerror', []],
    ['', ['--heapsnapshot-signal=SIGUSR2']],
  ])('makes %s %j a reason not to start', async (flag, options) => {
    const { child, said } = start(flag === '' ? [] : [flag], { NODE_OPTIONS: options.join(' ') });
    const [code] = await once(child, 'close');
    expect(code).not.toBe(0);
    expect(said()).toContain('ENVIRONMENT_UNSUPPORTED');
  });
});
