// Are the types right for whoever installs the package in this folder? Packs with pnpm, so that `publishConfig` applies.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'attw-'));
try {
  const pack = spawnSync('pnpm', ['pack', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [tarball] = readdirSync(folder);
  if (pack.status !== 0 || !tarball) process.exit(1);
  const { status } = spawnSync(
    'attw',
    [join(folder, tarball), '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
