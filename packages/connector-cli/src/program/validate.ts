import { type Command, InvalidArgumentError, Option } from 'commander';
import { addCommand, type Registration } from './registration.ts';

const DESCRIPTION = 'check manifests, folders and globs of them, artifacts, or - for standard input';

export function registerValidate({ program, ...registration }: Registration): void {
  configureValidate(addCommand(program, 'validate [paths...]', DESCRIPTION), registration);
}

/** The same as a command of its own, `manifest-validate`. */
export function configureManifestValidate({ program, ...registration }: Registration): void {
  program.argument('[paths...]').description(DESCRIPTION).option('--json', 'print one JSON document on stdout');
  configureValidate(program, registration);
}

function configureValidate(command: Command, { terminal, run }: Omit<Registration, 'program'>): void {
  command
    .addOption(
      new Option('--profile <profile>', 'pr for every change, release for what is published')
        .choices(['pr', 'release'])
        .default('pr'),
    )
    .addOption(
      new Option('--format <format>', 'how findings are printed')
        .choices(['pretty', 'json', 'sarif', 'junit', 'github'])
        .default('pretty'),
    )
    .option('--only <rules>', 'only these rules, comma-separated, besides those about structure', addToList)
    .option('--ignore <rules>', 'all rules but these, comma-separated', addToList)
    .option('--max-warnings <count>', 'fail when there are more warnings', parseCount)
    .option('--against <path>', 'manifests of the last release, for rules that compare: file, folder or artifact')
    .option('--fix', 'mend what is safe to mend, in the files')
    .option('--output <file>', 'write the findings there in place of stdout')
    .option('--quiet', 'errors only: no warnings, no progress, no summary')
    .addHelpText('after', '\nWithout paths it checks manifests/. `connector explain <rule>` tells about a rule.')
    .action((paths, options, self) =>
      run(self, async () => (await import('../commands/validate.ts')).validate(paths, options, terminal)),
    );
}

function addToList(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(',').map((id) => id.trim())];
}

function parseCount(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(value);
}
