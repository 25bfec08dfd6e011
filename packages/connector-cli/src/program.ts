import { Command, CommanderError, Option } from 'commander';
import type { BuildOptions } from './commands/build.ts';
import { inspect } from './commands/inspect.ts';
import { keygen } from './commands/keygen.ts';
import { pack } from './commands/pack.ts';
import { sign } from './commands/sign.ts';
import { addTrustedKey, allowConnectors, initTrust, showTrust } from './commands/trust.ts';
import { validate } from './commands/validate.ts';
import { verify } from './commands/verify.ts';
import { EXIT_PASS, EXIT_USAGE } from './exit-code.ts';
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

type Run = (command: Command, work: () => Promise<Report>) => Promise<void>;

function createProgram(terminal: Terminal, run: Run): Command {
  const program = new Command('connector')
    .description('Build, sign, verify and validate connectors.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    });
  const add = (parent: Command, usage: string, description: string): Command =>
    parent.command(usage).description(description).option('--json', 'print one JSON document on stdout');

  add(program, 'keygen', 'make an Ed25519 key pair')
    .requiredOption('--out <dir>', 'folder for the two files')
    .option('--name <name>', 'their name', 'connector')
    .option('--passphrase-env <variable>', 'environment variable with a passphrase that encrypts the private key')
    .action((options, command) => run(command, () => keygen(options, terminal)));

  add(program, 'build [dir]', 'bundle a connector package and derive its manifest')
    .option('--out <dir>', 'folder for the artifact (default: <dir>/artifact)')
    .option('--manifest-out <file>', 'also write the manifest here')
    .option('--check', 'compare with --manifest-out instead of writing it')
    .action((dir, options, command) => run(command, () => runBuild(dir ?? '.', options, terminal)));

  add(program, 'sign <artifact>', 'add a signature to a folder or .tgz')
    .requiredOption('--key <pem>', 'private key')
    .option('--passphrase-env <variable>', 'environment variable with its passphrase')
    .action((artifact, options, command) => run(command, () => sign(artifact, options, terminal)));

  add(program, 'pack <dir>', 'put an artifact into one .tgz')
    .requiredOption('--out <file>', 'the .tgz')
    .action((dir, options, command) => run(command, () => pack(dir, options, terminal)));

  add(program, 'verify <artifact>', 'check signatures and content against a trust policy')
    .requiredOption('--trust <file>', 'trust policy (trust.json)')
    .action((artifact, options, command) => run(command, () => verify(artifact, options, terminal)));

  add(program, 'inspect <artifact>', 'show what an artifact holds and claims').action((artifact, _options, command) =>
    run(command, () => inspect(artifact, terminal)),
  );

  add(program, 'validate [paths...]', 'check manifests (default: manifests/)')
    .addOption(
      new Option('--format <format>', 'how findings are printed').choices(['pretty', 'json']).default('pretty'),
    )
    .action((paths, _options, command) => run(command, () => validate(paths, terminal)));

  const trust = program.command('trust').description('make and change a trust policy');
  add(trust, 'init <file>', 'a policy that trusts nobody').action((file, _options, command) =>
    run(command, () => initTrust(file, terminal)),
  );
  add(trust, 'add-key <file>', "trust a publisher's key")
    .requiredOption('--publisher <name>', 'whose key it is')
    .requiredOption('--key <pem>', 'public key')
    .option('--valid-from <time>', 'ISO 8601, UTC (default: a day ago)')
    .option('--valid-until <time>', 'ISO 8601, UTC')
    .action((file, options, command) => run(command, () => addTrustedKey(file, options, terminal)));
  add(trust, 'allow <file> <ids...>', 'let a publisher publish these connectors')
    .requiredOption('--publisher <name>', 'who')
    .action((file, ids, options, command) => run(command, () => allowConnectors(file, ids, options, terminal)));
  add(trust, 'show <file>', 'print a policy').action((file, _options, command) =>
    run(command, () => showTrust(file, terminal)),
  );
  return program;
}

function fullName(command: Command): string {
  const parent = command.parent?.name();
  return parent === undefined || parent === 'connector' ? command.name() : `${parent} ${command.name()}`;
}

/** Only this command needs the bundler; the others start faster without it. */
async function runBuild(dir: string, options: BuildOptions, terminal: Terminal): Promise<Report> {
  const { build } = await import('./commands/build.ts');
  return build(dir, options, terminal);
}
