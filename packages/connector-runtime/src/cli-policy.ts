import { type Command, Option } from 'commander';
import type { PolicyFlags } from './policy-commands.ts';

const load = () => import('./policy-commands.ts');

/** `policy …`, over the admin API of a runtime that runs. The work is loaded when a command runs. */
export function addPolicyCommands(program: Command): void {
  const policy = program
    .command('policy')
    .description("show, check, simulate and set a tenant's policy, over the admin API")
    .addHelpText('after', '\nThe admin token is read from the environment (ADMIN_TOKEN, or as --token-env says).');
  const command = (usage: string, description: string) =>
    policy
      .command(usage)
      .description(description)
      .addOption(new Option('--url <url>', 'where the runtime is').env('CONNECTOR_RUNTIME_URL'))
      .addOption(new Option('--token-env <name>', 'the variable that holds the admin token').default('ADMIN_TOKEN'))
      .addOption(new Option('--tenant <id>', 'the tenant').env('CONNECTOR_TENANT').makeOptionMandatory())
      .option('--workspace <id>', "this workspace's text; without it, the tenant's")
      .option('--json', 'print what the runtime answers');

  command('show', 'print the text')
    .option('--version <n>', 'an older one')
    .action(async (flags: PolicyFlags) => (await load()).showPolicy(flags));
  command('schema', 'print what policies may name: the Cedar schema of the enabled connectors').action(
    async (flags: PolicyFlags) => (await load()).showPolicySchema(flags),
  );
  command('validate <file>', 'check a text (- for standard input); nothing is stored').action(
    async (file: string, flags: PolicyFlags) => (await load()).validatePolicy(file, flags),
  );
  command('simulate [file]', 'what policy says to every action, and what a text would alter; nothing runs or is stored')
    .option('--connector <id>', 'only its actions')
    .option('--digest <digest>', 'an artifact that is not enabled (yet)')
    .option('--workflow <name>', 'only this workflow; without it, those of the last 30 days')
    .option('--days <n>', 'also what ran in the last days, 90 at most')
    .option('--all', 'print also what stays as it is')
    .addOption(
      new Option('--fail-on <change>', 'exit 1 when something would be decided so').choices(['loosened', 'changed']),
    )
    .action(async (file: string | undefined, flags: PolicyFlags) => (await load()).simulatePolicy(file, flags));
  command('set <file>', 'set a text (- for standard input)')
    .option('--expect-version <n>', 'refuse if this is not the newest version; 0: there is none')
    .action(async (file: string, flags: PolicyFlags) => (await load()).setPolicy(file, flags));
  command('history', 'its versions, newest first').action(async (flags: PolicyFlags) =>
    (await load()).listPolicyVersions(flags),
  );
  command('rollback <version>', 'set the text of an older version again, as a new version')
    .option('--expect-version <n>', 'refuse if this is not the newest version')
    .action(async (version: string, flags: PolicyFlags) => (await load()).rollbackPolicy(version, flags));
}
