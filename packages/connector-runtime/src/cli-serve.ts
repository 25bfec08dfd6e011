import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type HttpBindings, type ServerType } from '@hono/node-server';
import { parseTrustPolicy } from '@org/connector-artifact';
import type { RuntimeOptions } from './config.ts';
import { loadConfigFile } from './config-file.ts';
import { keepMemoryPrivate } from './process-hygiene.ts';
import { RuntimeError } from './types/errors.ts';

type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>;

/** Runs until SIGTERM or SIGINT, then drains. Throws what keeps it from starting, with nothing left running. */
export async function serve(configPath: string, json: boolean): Promise<void> {
  const stopping = stopSignal();
  await keepMemoryPrivate();
  const options = await loadConfigFile(configPath);
  await verifyTrust(options.trust);
  let answer: Fetch = () => new Response('starting\n', { status: 503, headers: { 'retry-after': '1' } });
  // First of all: a port that is taken is found out before anything is made.
  const server = await listen(options, (request, env) => answer(request, env));
  try {
    // Only now: it is the larger part of the program, and what is wrong with a config should show at once.
    const { createRuntime } = await import('./runtime.ts');
    const runtime = await createRuntime(options);
    try {
      await runtime.start();
      answer = (request, env) => runtime.fetch(request, env);
      process.stdout.write(readyLine(server, options, json));
      await stopping;
      await close(server);
    } finally {
      await runtime.stop();
    }
  } finally {
    await close(server);
  }
}

async function listen({ port, host }: RuntimeOptions, fetch: Fetch): Promise<ServerType> {
  const server = createAdaptorServer({
    fetch: (request, env) => fetch(request, env as HttpBindings),
    overrideGlobalObjects: false,
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new RuntimeError(
      'PORT_UNAVAILABLE',
      `Port ${port} of ${host} can't be listened on (${code}): stop what uses it, or set another port in the config`,
      { cause },
    );
  }
}

function readyLine(server: ServerType, { host }: RuntimeOptions, json: boolean): string {
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (json) return `${JSON.stringify({ ready: true, url, pid: process.pid })}\n`;
  return `connector-runtime listens on ${url} (process ${process.pid})\n`;
}

/** Lets requests in hand finish; those that have not ended after 10 s are cut off. */
async function close(server: ServerType): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  if ('closeIdleConnections' in server) server.closeIdleConnections();
  const cut = setTimeout(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
  }, 10_000);
  await closed;
  clearTimeout(cut);
}

/** A second signal ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    // Whoever started this process with a channel to it, and is gone, wants it gone as well.
    process.once('disconnect', resolve);
    let signalled = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (signalled) process.exit(1);
        signalled = true;
        resolve();
      });
    }
  });
}

/** Before anything is made: a runtime without a valid trust policy would refuse every connector. */
async function verifyTrust(path: string): Promise<void> {
  try {
    parseTrustPolicy(await readFile(path));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RuntimeError('CONFIG_INVALID', `The trust policy ${path} can't be used: ${reason}`, { cause });
  }
}
