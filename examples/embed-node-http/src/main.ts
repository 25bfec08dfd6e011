import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createRuntime, loadConfigFile, toNodeListener } from '@org/connector-runtime';

const options = await loadConfigFile(process.env.RUNTIME_CONFIG ?? 'runtime.config.ts');
const runtime = await createRuntime(options);
await runtime.start();
const connectors = toNodeListener(runtime, { prefix: '/connectors' });

const server = createServer(async (request, response) => {
  // Before anything reads the body: a signature covers the bytes as they were sent.
  if (request.url?.startsWith('/connectors/')) return connectors(request, response);
  if (request.url !== '/hello' || request.method !== 'POST') return response.writeHead(404).end();
  const body = await json(request).catch(() => undefined);
  const { name } = (body ?? {}) as { name?: string };
  return response.setHeader('content-type', 'application/json').end(JSON.stringify({ hello: name }));
});
server.listen(options.port, options.host, () => {
  const { address, port } = server.address() as AddressInfo;
  process.stdout.write(`listens on http://${address}:${port}\n`);
});

process.once('SIGTERM', () => {
  runtime.drain();
  // First the server, which answers what is in hand; then the runtime, which works off what it accepted.
  server.close(() => void runtime.stop());
});
