import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

it('restarts four nodes one after the other, and each webhook that was accepted is one completed run', {
  timeout: 300_000,
}, async () => {
  const { stdout } = await run(process.execPath, [main]);
  const { accepted, ...told } = JSON.parse(stdout) as Record<string, unknown>;
  expect(accepted).toBeGreaterThan(0);
  expect(told).toMatchObject({ ok: true, restarts: 4, deliveries: accepted, events: accepted, completed: accepted });
});
