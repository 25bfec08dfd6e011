// Every pending changeset names packages of this workspace and says something.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const names = new Set(
  readdirSync('packages').map(
    (folder) => JSON.parse(readFileSync(join('packages', folder, 'package.json'), 'utf8')).name,
  ),
);
const problems = [];
for (const file of existsSync('.changeset') ? readdirSync('.changeset') : []) {
  if (!file.endsWith('.md') || file === 'README.md') continue;
  const [, head, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(readFileSync(join('.changeset', file), 'utf8')) ?? [];
  if (!head?.trim() || !body?.trim()) problems.push(`${file}: needs packages between two lines of --- and a text`);
  for (const line of head?.split('\n') ?? []) {
    const [, name, bump] = /^["']([^"']+)["']: (major|minor|patch)$/.exec(line) ?? [];
    if (!name || !bump) problems.push(`${file}: "${line}" is not a package and a bump`);
    else if (!names.has(name)) problems.push(`${file}: ${name} is no package of this workspace`);
  }
}
if (problems.length > 0) {
  process.stdout.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
