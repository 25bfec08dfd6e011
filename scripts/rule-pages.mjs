// `docs/rules/<id>.md` and their index are what the rules say of themselves. Without an argument it writes them; `--check`
// fails on drift, and changes nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rulePage, rulePath, rules } from '../packages/connector-sdk/src/validation/index.ts';
import { severityIn } from '../packages/connector-sdk/src/validation/rule.ts';

const FOLDER = join('docs', 'rules');
const check = process.argv.includes('--check');

const pages = new Map(rules.map((rule) => [rulePath(rule.id), `${rulePage(rule)}\n`]));
pages.set(join(FOLDER, 'README.md'), indexPage());

const there = existsSync(FOLDER) ? readdirSync(FOLDER).map((name) => join(FOLDER, name)) : [];
const surplus = there.filter((path) => !pages.has(path));
const stale = [...pages].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
const drifted = [...stale.map(([path]) => path), ...surplus];

if (check && drifted.length > 0) {
  process.stdout.write(`differs from the rules: ${drifted.join(', ')}\n`);
  process.stdout.write('Run `node scripts/rule-pages.mjs`, and commit the result.\n');
  process.exit(1);
}
if (!check) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [path, text] of stale) writeFileSync(path, text);
  for (const path of surplus) rmSync(path);
  if (drifted.length > 0) process.stdout.write(`written: ${drifted.length} of ${pages.size} pages\n`);
}

function indexPage() {
  const line = (rule) =>
    `| [\`${rule.id}\`](${rule.id}.md) | ${rule.title} | ${severityIn(rule, 'pr') ?? '–'} | ${severityIn(rule, 'release') ?? '–'} | ${rule.repair ? 'yes' : ''} |`;
  return `# Rules of \`connector validate\`

${rules.length} rules. \`--profile pr\` (the default) is for every change, \`--profile release\` for what is about to be signed; an error fails the
run, a warning does not. \`--fix\` mends where that changes nothing that the connector does, or allows it less. These pages are written
from the rules themselves.

| rule | what it demands | \`pr\` | \`release\` | \`--fix\` |
| --- | --- | --- | --- | --- |
${rules.map(line).join('\n')}
`;
}
