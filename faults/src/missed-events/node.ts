// One runtime in a process of its own, as `connector-runtime serve` would run it, but by a clock that its driver moves.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { createRuntime, defineWorkflow, parseRuntimeOptions } from '@org/connector-runtime';
import type { FromNode, NodeStart, ToNode } from './messages.ts';

let now = 0;
let stop = async () => undefined as unknown;
const tell = (message: FromNode) => void process.send?.(message);

const seen = defineWorkflow({ name: 'seen', on: 'servicenow.incident-changed', run: async () => undefined });

process.on('message', (message: ToNode) => {
  if (message.kind === 'start') void start(message);
  else if (message.kind === 'time') {
    now = message.now;
    tell({ kind: 'time' });
  } else void stop().then(() => process.exit(0));
});
process.once('disconnect', () => process.exit(0));

async function start({ config, folder, now: startsAt }: NodeStart): Promise<void> {
  now = startsAt;
  const options = parseRuntimeOptions({ ...config, workflows: [seen] }, join(folder, 'runtime.config.mjs'));
  const runtime = await createRuntime(options, { now: () => now });
  await runtime.start();
  const server = createAdaptorServer({
    fetch: (request, env) => runtime.fetch(request, env as Parameters<typeof runtime.fetch>[1]),
    overrideGlobalObjects: false,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stop = async () => {
    server.close();
    await runtime.stop();
  };
  tell({ kind: 'ready', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
