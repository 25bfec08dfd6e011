// `fixtures/manifests/<rule>--<edge>.json`: manifests that are broken on purpose, and what `validateManifest` has to say of each
// (`fixtures/manifests-golden.json`). Without an argument it writes them; `--check` fails on drift, and changes nothing.
// What a rule compares with is in `fixtures/manifests-released/`, under the same name.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../packages/connector-sdk/src/canonical-json.ts';
import { parseManifest } from '../packages/connector-sdk/src/manifest.ts';
import { rules, toPointer, validateManifest } from '../packages/connector-sdk/src/validation/index.ts';
import { changed, sampleManifest } from '../packages/connector-sdk/src/validation/test-manifest.ts';
import { brokenMembers, brokenTexts } from './broken-manifest-edges.mjs';

const FOLDER = join('fixtures', 'manifests');
const RELEASED = join('fixtures', 'manifests-released');
const GOLDEN = join('fixtures', 'manifests-golden.json');
const check = process.argv.includes('--check');

const files = new Map();
for (const { id, example } of rules) {
  const name = `${id}--example.json`;
  if ('badText' in example) files.set(join(FOLDER, name), encode(example.badText));
  else {
    files.set(join(FOLDER, name), encode(withMember(example.at, example.bad)));
    if (example.previous !== undefined) {
      files.set(join(RELEASED, name), encode(withMember(example.at, example.previous)));
    }
  }
}
const sound = canonicalJson(sampleManifest());
for (const [name, write] of Object.entries(brokenTexts)) files.set(join(FOLDER, `${name}.json`), encode(write(sound)));
for (const [name, [pointer, value]] of Object.entries(brokenMembers)) {
  files.set(join(FOLDER, `${name}.json`), encode(withMember(pointer, value)));
}

const golden = {};
for (const [path, bytes] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
  if (!path.startsWith(`${FOLDER}/`)) continue;
  const last = files.get(path.replace(FOLDER, RELEASED));
  const previous = last ? { previous: parseManifest(last) } : {};
  golden[path.slice(FOLDER.length + 1)] = {
    pr: validateManifest(bytes, { profile: 'pr', ...previous }).map(describe),
    release: validateManifest(bytes, { profile: 'release', ...previous }).map(describe),
  };
}
files.set(GOLDEN, encode(`${JSON.stringify(golden, null, 2)}\n`));

const there = [FOLDER, RELEASED].flatMap((folder) =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
);
const surplus = there.filter((path) => !files.has(path));
const stale = [...files].filter(([path, bytes]) => !existsSync(path) || !readFileSync(path).equals(bytes));
const drifted = [...stale.map(([path]) => path), ...surplus];
if (check && drifted.length > 0) {
  process.stdout.write(`differs from what the rules say: ${drifted.join(', ')}\n`);
  process.stdout.write('Run `node scripts/broken-manifests.mjs`, read the difference, and commit it.\n');
  process.exit(1);
}
if (!check) {
  for (const folder of [FOLDER, RELEASED]) mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of stale) writeFileSync(path, bytes);
  for (const path of surplus) rmSync(path);
  if (drifted.length > 0) process.stdout.write(`written: ${drifted.length} of ${files.size} files\n`);
}

function withMember(pointer, value) {
  const manifest = pointer === '' ? { ...sampleManifest(), ...value } : changed(pointer, value);
  const text = JSON.stringify(manifest);
  // Numbers and texts that JSON can't hold safely have no canonical form.
  return /\d{16}|\\ud[89a-f]/.test(text) ? text : canonicalJson(manifest);
}

function encode(content) {
  return Buffer.from(content);
}

function describe({ severity, ruleId, path, message }) {
  return `${severity} ${ruleId} ${toPointer(path) || '(top)'}: ${message}`;
}
