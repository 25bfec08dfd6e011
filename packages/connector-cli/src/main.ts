import { CliError } from './errors.ts';
import { errnoOf } from './files.ts';
import { type CommandName, runCli } from './program.ts';

const EXIT_UNWRITABLE = 3;

/** Runs a command of this package in this process; the exit code is set, and the process ends when all is written. */
export async function main(name: CommandName): Promise<void> {
  process.stdout.on('error', (error) => {
    // A reader that has seen enough (`| head`) is no failure, and hides none: the exit code is still that of the work.
    if (errnoOf(error) === 'EPIPE') return;
    process.stderr.write(`CLI_FILE_UNWRITABLE: stdout cannot be written (${errnoOf(error)}); check where it leads\n`);
    process.exit(EXIT_UNWRITABLE);
  });
  process.stderr.on('error', () => {});
  process.exitCode = await runCli(
    process.argv.slice(2),
    {
      out: (text) => process.stdout.write(`${text}\n`),
      err: (text) => process.stderr.write(`${text}\n`),
      env: process.env,
      get cwd() {
        return currentFolder();
      },
      now: () => new Date(),
      readInput,
      outIsTerminal: process.stdout.isTTY,
      errIsTerminal: process.stderr.isTTY,
    },
    name,
  );
}

/** Asked for within a command, so that it is told like any other failure. Throws `CLI_FILE_MISSING`. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new CliError('CLI_FILE_MISSING', 'The current folder no longer exists; change to another one', { cause });
  }
}

async function readInput(maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    total += bytes.byteLength;
    if (total > maxBytes) break;
  }
  return Buffer.concat(chunks);
}
