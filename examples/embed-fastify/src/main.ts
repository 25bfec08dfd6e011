import { createRuntime, loadConfigFile, toNodeListener } from '@org/connector-runtime';
import { fastify } from 'fastify';

const options = await loadConfigFile(process.env.RUNTIME_CONFIG ?? 'runtime.config.ts');
const runtime = await createRuntime(options);
await runtime.start();
const connectors = toNodeListener(runtime, { prefix: '/connectors' });

const app = fastify();
app.post<{ Body: { name: string } }>('/hello', async (request) => ({ hello: request.body.name }));
// A scope of its own, whose parser leaves the body alone: a signature covers the bytes as they were sent.
await app.register(async (scope) => {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
  scope.all('/connectors/*', (request, reply) => {
    reply.hijack();
    connectors(request.raw, reply.raw);
  });
});

process.stdout.write(`listens on ${await app.listen({ port: options.port, host: options.host })}\n`);

process.once('SIGTERM', async () => {
  runtime.drain();
  // First the server, which answers what is in hand; then the runtime, which works off what it accepted.
  await app.close();
  await runtime.stop();
});
