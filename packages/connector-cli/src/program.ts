import { Command, CommanderError } from 'commander';
import { EXIT_PASS, EXIT_USAGE } from './exit-code.ts';
import { registerBuild } from './program/build.ts';
import { registerDiff } from './program/diff.ts';
import { registerDocs } from './program/docs.ts';
import { registerExplain } from './program/explain.ts';
import { registerInspect } from './program/inspect.ts';
import { registerKeygen } from './program/keygen.ts';
import { registerPack } from './program/pack.ts';
import type { Registration } from './program/registration.ts';
import { registerSign } from './program/sign.ts';
import { registerTrust } from './program/trust.ts';
import { configureManifestValidate, registerValidate } from './program/validate.ts';
import { registerVerify } from './program/verify.ts';
import { runCommand } from './run-command.ts';
import type { Report, Terminal } from './terminal.ts';
import { cliVersion } from './version.ts';

/** The names under which the package installs commands: the second is `connector validate` on its own. */
export type CommandName = 'connector' | 'manifest-validate';

/**
 * The `connector` command.
 * @param args what follows the command's name.
 * @returns the exit code: 0 pass, 1 findings or refused, 2 usage, 3 environment.
 */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  name: CommandName = 'connector',
): Promise<number> {
  let exitCode = EXIT_PASS;
  const run = async (command: Command, work: () => Promise<Report>): Promise<void> => {
    const { json, format } = command.opts<{ json?: boolean; format?: string }>();
    exitCode = await runCommand(fullName(command), json === true || format === 'json', terminal, work);
  };
  const program = createProgram(name, terminal, run);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT_PASS;
      const message = error.message.replace(/^error: /, '');
      if (wantsJson(args)) terminal.out(JSON.stringify({ ok: false, error: { code: 'CLI_USAGE', message } }));
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
  registerExplain,
  registerDiff,
  registerDocs,
  registerTrust,
];

function createProgram(name: CommandName, terminal: Terminal, run: Registration['run']): Command {
  const program = new Command(name).exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text.trimEnd()),
    writeErr: (text) => terminal.err(text.trimEnd()),
  });
  program.version(cliVersion());
  if (name === 'manifest-validate') {
    configureManifestValidate({ program, terminal, run });
    return program;
  }
  program.description('Build, sign, verify and validate connectors.');
  for (const register of COMMANDS) register({ program, terminal, run });
  return program;
}

/** Also when the arguments are wrong, and nothing has read them. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => arg === '--json' || arg === '--format=json' || (arg === 'json' && args[index - 1] === '--format'),
  );
}

function fullName(command: Command): string {
  if (command.name() === 'manifest-validate') return 'validate';
  const parent = command.parent?.name();
  return parent === undefined || parent === 'connector' ? command.name() : `${parent} ${command.name()}`;
}
