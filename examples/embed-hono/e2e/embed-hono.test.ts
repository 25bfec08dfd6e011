import { fileURLToPath } from 'node:url';
import { checkEmbedding } from 'embedding-check';

checkEmbedding({
  folder: fileURLToPath(new URL('..', import.meta.url)),
  args: ['src/main.ts'],
  prefix: '/connectors',
});
