import { type HttpBindings, serve } from '@hono/node-server';
import { createRuntime, loadConfigFile } from '@org/connector-runtime';
import { Hono } from 'hono';

const options = await loadConfigFile(process.env.RUNTIME_CONFIG ?? 'runtime.config.ts');
const runtime = await createRuntime(options);
await runtime.start();

const app = new Hono<{ Bindings: HttpBindings }>();
app.post('/hello', async (c) => c.json({ hello: (await c.req.json<{ name: string }>()).name }));
// `incoming` has the headers as they were sent. Middleware that reads bodies stays away from this path.
app.all('/connectors/*', ({ req, env: { incoming } }) => runtime.fetch(req.raw, { incoming, prefix: '/connectors' }));

const server = serve({ fetch: app.fetch, port: options.port, hostname: options.host }, ({ address, port }) => {
  process.stdout.write(`listens on http://${address}:${port}\n`);
});

process.once('SIGTERM', () => {
  runtime.drain();
  // First the server, which answers what is in hand; then the runtime, which works off what it accepted.
  server.close(() => void runtime.stop());
});
