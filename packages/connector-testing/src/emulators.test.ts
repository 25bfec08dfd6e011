import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startEmulators } from './emulators.ts';
import { listen } from './front/loopback-front.ts';

async function takePort(port = 0) {
  const server = createServer();
  const taken = await listen(server, port);
  return { port: taken, free: () => new Promise((resolve) => server.close(resolve)) };
}

describe('startEmulators', () => {
  it('starts three that do not share anything and closes them together', async () => {
    const { servicenow, slack, github, close } = await startEmulators();
    expect(new Set([servicenow.port, slack.port, github.port]).size).toBe(3);
    for (const url of [servicenow.url, slack.url, github.url]) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await close();
    for (const { url } of [servicenow, slack, github]) await expect(fetch(url)).rejects.toThrow();
  });

  it('leaves nothing running when one of them cannot start', async () => {
    const taken = await takePort();
    const wanted = await takePort();
    await wanted.free();
    const starting = startEmulators({ servicenow: { port: wanted.port }, slack: { port: taken.port } });
    await expect(starting).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
    const again = await takePort(wanted.port);
    await again.free();
    await taken.free();
  });

  it('closes the GitHub emulator when its seed is refused', async () => {
    const wanted = await takePort();
    await wanted.free();
    const repositories = [{ name: 'x', issues: [{ title: ' ' }] }];
    await expect(startEmulators({ github: { port: wanted.port, repositories } })).rejects.toMatchObject({
      code: 'EMULATOR_SEED_FAILED',
    });
    const again = await takePort(wanted.port);
    await again.free();
  });
});
