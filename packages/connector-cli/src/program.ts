import { Command, CommanderError } from 'commander';
import { EXIT_PASS, EXIT_USAGE } from './exit-code.ts';
import { registerBuild } from './program/build.ts';
import { registerInspect } from './program/inspect.ts';
import { registerKeygen } from './program/keygen.ts';
import { registerPack } from './program/pack.ts';
import type { Registration } from './program/registration.ts';
import { registerSign } from './program/sign.ts';
import { registerTrust } from './program/trust.ts';
import { registerValidate } from './program/validate.ts';
import { registerVerify } from './program/verify.ts';
import { runCommand } from './run-command.ts';
import type { Report, Terminal } from './terminal.ts';

/**
 * The `connector` command.
 * @param args what follows the command's name.
 * @returns the exit code: 0 pass, 1 findings or refused, 2 usage, 3 environment.
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = EXIT_PASS;
  const run = async (command: Command, work: () => Promise<Report>): Promise<void> => {
    const { json, format } = command.opts<{ json?: boolean; format?: string }>();
    exitCode = await runCommand(fullName(command), json === true || format === 'json', terminal, work);
  };
  const program = createProgram(terminal, run);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT_PASS;
      const message = error.message.replace(/^error: /, '');
      if (args.includes('--json')) terminal.out(JSON.stringify({ ok: false, error: { code: 'CLI_USAGE', message } }));
      return EXIT_USAGE;
    }
    throw error;
  }
}

/** In the order of the help. Each loads its work only when it runs: commands that need less start faster. */
const COMMANDS = [
  registerKeygen,
  registerBuild,
  registerSign,
  registerPack,
  registerVerify,
  registerInspect,
  registerValidate,
  registerTrust,
];

function createProgram(terminal: Terminal, run: Registration['run']): Command {
  const program = new Command('connector')
    .description('Build, sign, verify and validate connectors.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    });
  for (const register of COMMANDS) register({ program, terminal, run });
  return program;
}

function fullName(command: Command): string {
  const parent = command.parent?.name();
  return parent === undefined || parent === 'connector' ? command.name() : `${parent} ${command.name()}`;
}
