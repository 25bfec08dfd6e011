import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { connectEmulatorControl, type EmulatorsReady } from '@org/connector-testing';
import { describe, expect, it } from 'vitest';

const entry = fileURLToPath(new URL('../dist/serve.js', import.meta.url));

function start(config: string, args: string[] = []) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(config);
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code);
  return { child, exited };
}

async function readLine(stream: NodeJS.ReadableStream): Promise<string> {
  let seen = '';
  for await (const chunk of stream) {
    seen += String(chunk);
    const end = seen.indexOf('\n');
    if (end >= 0) return seen.slice(0, end);
  }
  return seen;
}

describe('dist/serve.js', () => {
  it('prints one line, serves, and stops when told to', async () => {
    const { child, exited } = start(JSON.stringify({ slack: { signingSecret: 'test-only-signing-secret' } }));
    const ready: EmulatorsReady = JSON.parse(await readLine(child.stdout));
    expect(ready).toMatchObject({ ready: true, slack: { signingSecret: 'test-only-signing-secret' } });
    expect(ready.github.app.privateKeyPem).toContain('BEGIN RSA PRIVATE KEY');
    const control = connectEmulatorControl(ready.control);
    expect((await control.state()).servicenow.incidents.length).toBeGreaterThan(0);
    await control.stop();
    expect(await exited).toBe(0);
  });

  it('stops on SIGTERM', async () => {
    const { child, exited } = start('{}');
    await readLine(child.stdout);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });

  it.each([
    ['a config that is no JSON', '', []],
    ['an unknown field', '{"servicenw":{}}', []],
    ['an unknown column in the seed', '{"servicenow":{"seed":{"incident":[{"prio":"1"}]}}}', []],
    ['a file that is not there', '', ['/nonexistent/config.json']],
  ])('ends with 2 and one line on %s', async (_name, config, args) => {
    const { child, exited } = start(config, args);
    const [code, errors] = await Promise.all([exited, text(child.stderr)]);
    expect(code).toBe(2);
    expect(errors.trim().split('\n')).toHaveLength(1);
  });

  it('ends with 3 and one line when a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { child, exited } = start(JSON.stringify({ github: { port } }));
    const [code, errors] = await Promise.all([exited, text(child.stderr)]);
    taken.close();
    expect(code).toBe(3);
    expect(errors).toContain(`127.0.0.1:${port}`);
    expect(errors.trim().split('\n')).toHaveLength(1);
  });
});
