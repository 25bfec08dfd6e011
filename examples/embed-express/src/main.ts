import type { AddressInfo } from 'node:net';
import { createRuntime, loadConfigFile, toNodeListener } from '@org/connector-runtime';
import express from 'express';

const options = await loadConfigFile(process.env.RUNTIME_CONFIG ?? 'runtime.config.ts');
const runtime = await createRuntime(options);
await runtime.start();

const app = express();
// In front of express.json(): a signature covers the bytes as they were sent. Express takes the prefix off.
app.use('/connectors', toNodeListener(runtime));
app.use(express.json());
app.post('/hello', (request, response) => {
  response.json({ hello: request.body.name });
});

const server = app.listen(options.port, options.host, () => {
  const { address, port } = server.address() as AddressInfo;
  process.stdout.write(`listens on http://${address}:${port}\n`);
});

process.once('SIGTERM', () => {
  runtime.drain();
  // First the server, which answers what is in hand; then the runtime, which works off what it accepted.
  server.close(() => void runtime.stop());
});
