// Runs named checks, two at a time, and tells each one's outcome in a line; a failed one shows all it printed.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** @typedef {{ name: string, command: string, args: string[], cwd?: string, env?: Record<string, string> }} Check */

/** @param {Check} check */
function runCheck(check) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(check.command, check.args, {
      cwd: check.cwd,
      env: { ...process.env, ...check.env, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: error.message, seconds: 0 }));
    child.on('close', (code) =>
      resolve({
        ok: code === 0,
        output: Buffer.concat(chunks).toString(),
        seconds: (performance.now() - started) / 1000,
      }),
    );
  });
}

/**
 * @param {readonly Check[]} checks
 * @param {{ concurrency?: number }} [options]
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runChecks(checks, { concurrency = 2 } = {}) {
  const queue = [...checks];
  const count = { passed: 0, failed: 0 };
  async function worker() {
    for (let check = queue.shift(); check; check = queue.shift()) {
      const { ok, output, seconds } = await runCheck(check);
      count[ok ? 'passed' : 'failed'] += 1;
      process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${check.name} (${seconds.toFixed(1)} s)\n`);
      if (!ok) process.stdout.write(`${output.trimEnd()}\n`);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker));
  return count;
}
