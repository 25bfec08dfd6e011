import { fileURLToPath } from 'node:url';
import { checkEmbedding } from 'embedding-check';

const next = fileURLToPath(import.meta.resolve('next/dist/bin/next'));
const env = { NEXT_TELEMETRY_DISABLED: '1', NEXT_MANUAL_SIG_HANDLE: 'true' };

checkEmbedding({
  folder: fileURLToPath(new URL('..', import.meta.url)),
  build: [next, 'build'],
  args: [next, 'start', '--hostname', '127.0.0.1', '--port', '0'],
  env,
  prefix: '/connectors',
});
