// `manifests/<id>.json` is what each connector's code says it is. Without an argument it writes them; `--check` fails on drift.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const check = process.argv.includes('--check');
const drifted = [];
for (const name of readdirSync('packages')) {
  const derived = join('packages', name, 'artifact', 'manifest.json');
  if (!existsSync(derived)) continue;
  const text = readFileSync(derived, 'utf8');
  const committed = join('manifests', `${JSON.parse(text).id}.json`);
  // Committed for people to review, so indented; the artifact's own is canonical. Both hold the same value.
  const readable = `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  if (existsSync(committed) && readFileSync(committed, 'utf8') === readable) continue;
  drifted.push(committed);
  if (!check) writeFileSync(committed, readable);
}
if (drifted.length > 0) process.stdout.write(`${check ? 'differs from the code' : 'written'}: ${drifted.join(', ')}\n`);
if (check && drifted.length > 0) {
  process.stdout.write('Run `npm run manifests` after a build, and commit the result.\n');
  process.exit(1);
}
