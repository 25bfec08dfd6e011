import { createServer } from 'node:http';
import { createEmulator, type Emulator, type EmulatorOptions } from 'emulate';
import { TestingError } from '../errors.ts';
import { listen } from './loopback-front.ts';

export interface BehindFront {
  /** Where it really listens. Its own links name the front. */
  url: string;
  emulator: Emulator;
}

/**
 * Starts one of emulate's built-in services behind a front. Its links must name the front, and with `baseUrl` given it
 * no longer says on which port it listens; so a free port is picked for it, and picked anew if somebody else was faster.
 */
export async function startBehindFront(
  options: Pick<EmulatorOptions, 'service' | 'seed'>,
  frontUrl: string,
): Promise<BehindFront> {
  let lastFailure: unknown;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await pickFreePort();
    try {
      return {
        url: `http://127.0.0.1:${port}`,
        emulator: await createEmulator({ ...options, port, baseUrl: frontUrl }),
      };
    } catch (error) {
      lastFailure = error;
    }
  }
  const message = `the ${options.service} emulator did not start; see the cause`;
  throw new TestingError('PORT_UNAVAILABLE', message, { cause: lastFailure });
}

async function pickFreePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
