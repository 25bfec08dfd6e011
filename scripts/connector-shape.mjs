// Every connector package has the same shape, file for file, so that who knows one knows all.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ALWAYS = [
  'README.md',
  'package.json',
  'tsconfig.build.json',
  'tsup.config.ts',
  'src/connector.ts',
  'src/connection.ts',
  'src/index.ts',
];
const FOLDERS = { actions: 'actions', triggers: 'triggers', approvalChannels: 'approval-channels' };

const problems = [];
for (const name of readdirSync('packages')) {
  const root = join('packages', name);
  const manifestFile = join(root, 'artifact', 'manifest.json');
  if (!existsSync(manifestFile)) continue;
  for (const file of ALWAYS) if (!existsSync(join(root, file))) problems.push(`${root}: ${file} is missing`);
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'));
  for (const [section, folder] of Object.entries(FOLDERS)) {
    const declared = Object.keys(manifest[section]);
    const found = existsSync(join(root, 'src', folder))
      ? readdirSync(join(root, 'src', folder)).filter((file) => file.endsWith('.ts') && !file.includes('.test'))
      : [];
    for (const key of declared)
      if (!found.includes(`${key}.ts`)) problems.push(`${root}: src/${folder}/${key}.ts is missing`);
    for (const file of found) {
      if (!declared.includes(file.slice(0, -3)))
        problems.push(`${root}: src/${folder}/${file} is not in the connector's ${section}`);
    }
  }
}
if (problems.length > 0) {
  process.stdout.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
