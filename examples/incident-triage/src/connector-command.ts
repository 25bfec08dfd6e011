import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('./cli.js', import.meta.resolve('@org/connector-cli')));

/** Runs the `connector` command as an author or CI would, and gives what it says with `--json`. Throws when it refuses. */
export function connector<Answer>(...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [cli, ...args, '--json'], (error, stdout, stderr) => {
      if (error) reject(new Error(`connector ${args[0]}: ${(stdout || stderr).trim()}`, { cause: error }));
      else resolve(JSON.parse(stdout) as Answer);
    });
  });
}
