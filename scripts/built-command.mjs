// Runs a command of one of the packages from where the caller stands, after building what changed.
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * @param {string} packageName for example `@org/connector-cli`
 * @param {string} bin path of the command, from the root
 * @param {readonly string[]} tasks what turbo runs first
 */
export function runBuiltCommand(packageName, bin, tasks = ['build']) {
  const args = ['run', ...tasks, `--filter=${packageName}...`, '--output-logs=errors-only'];
  const build = spawnSync('turbo', args, { cwd: root, stdio: ['ignore', 'ignore', 2] });
  if (build.status !== 0) {
    process.stderr.write('The build failed: see above.\n');
    process.exit(3);
  }
  // npm runs scripts in the root and says where it was called.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const child = spawn(process.execPath, [join(root, bin), ...process.argv.slice(2)], { cwd, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}
