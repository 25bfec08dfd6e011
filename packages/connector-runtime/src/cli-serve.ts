import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { parseTrustPolicy } from '@org/connector-artifact';
import type { RuntimeOptions } from './config.ts';
import { loadConfigFile } from './config-file.ts';
import type { RuntimeFetch } from './http/index.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { keepMemoryPrivate } from './process-hygiene.ts';
import type { Runtime } from './runtime.ts';
import { RuntimeError } from './types/errors.ts';

/** How long requests in hand may take once new connections are refused. */
const IN_HAND_MS = 10_000;
/** Everything after the draining; what takes longer is for another node. */
const ENDING_MS = 90_000;

/** Runs until SIGTERM or SIGINT, then drains. Throws what keeps it from starting, with nothing left running. */
export async function serve(configPath: string, json: boolean): Promise<void> {
  const stopping = stopSignal();
  await keepMemoryPrivate();
  const options = await loadConfigFile(configPath);
  await verifyTrust(options.trust);
  let answer: RuntimeFetch = async () => new Response('starting\n', { status: 503, headers: { 'retry-after': '1' } });
  let countRefusal: Runtime['countRefusal'] = () => undefined;
  // First of all: a port that is taken is found out before anything is made.
  const server = await startHttpServer(
    options,
    (request, env) => answer(request, env),
    (why) => countRefusal(why),
  );
  try {
    // Only now: it is the larger part of the program, and what is wrong with a config should show at once.
    const { createRuntime } = await import('./runtime.ts');
    const runtime = await createRuntime(options);
    try {
      await runtime.start();
      answer = runtime.fetch;
      countRefusal = runtime.countRefusal;
      process.stdout.write(readyLine(server, options, json));
      await stopping;
      runtime.drain();
      await wait(options.http.drainSeconds * 1000);
      setTimeout(() => process.exit(1), ENDING_MS).unref();
      await server.close(IN_HAND_MS);
    } finally {
      await runtime.stop();
    }
  } finally {
    await server.close(IN_HAND_MS);
  }
}

function readyLine({ port }: HttpServer, { host }: RuntimeOptions, json: boolean): string {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (json) return `${JSON.stringify({ ready: true, url, pid: process.pid })}\n`;
  return `connector-runtime listens on ${url} (process ${process.pid})\n`;
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
