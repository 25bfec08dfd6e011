// `docs/api/` is what the admin API says of itself. Without an argument it writes it; `--check` fails on drift, and changes nothing.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminDocument, adminReferencePage } from '../packages/connector-runtime/dist/stages.js';

const FOLDER = join('docs', 'api');
const check = process.argv.includes('--check');

const pages = new Map([
  [join(FOLDER, 'admin.openapi.json'), `${JSON.stringify(adminDocument(), null, 2)}\n`],
  [join(FOLDER, 'admin.md'), adminReferencePage()],
]);
const stale = [...pages].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);

if (check && stale.length > 0) {
  process.stdout.write(`differs from the admin API: ${stale.map(([path]) => path).join(', ')}\n`);
  process.stdout.write('Run `node scripts/admin-api.mjs`, and commit the result.\n');
  process.exit(1);
}
if (!check) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [path, text] of stale) writeFileSync(path, text);
}
