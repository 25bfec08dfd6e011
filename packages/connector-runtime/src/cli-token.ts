import { type Command, Option } from 'commander';
import type { TokenFlags } from './token-commands.ts';
import { adminRoles } from './types/roles.ts';

const load = () => import('./token-commands.ts');

/** `token …`, over the admin API of a runtime that runs. The work is loaded when a command runs. */
export function addTokenCommands(program: Command): void {
  const token = program
    .command('token')
    .description('make, list and end tokens of the admin API, over the admin API')
    .addHelpText('after', '\nThe admin token is read from the environment (ADMIN_TOKEN, or as --token-env says).');
  const command = (usage: string, description: string) =>
    token
      .command(usage)
      .description(description)
      .addOption(new Option('--url <url>', 'where the runtime is').env('CONNECTOR_RUNTIME_URL'))
      .addOption(new Option('--token-env <name>', 'the variable that holds the admin token').default('ADMIN_TOKEN'))
      .option('--tenant <id>', 'of this tenant only; without it, of the whole deployment')
      .option('--json', 'print what the runtime answers');

  command('create <name>', 'print a new token: it is shown this once')
    .addOption(new Option('--role <role...>', 'what it may do').choices([...adminRoles]).makeOptionMandatory())
    .option('--expires-in-days <days>', 'when it ends by itself, 366 at most', '90')
    .action(async (name: string, flags: TokenFlags) => (await load()).createToken(name, flags));
  command('list', 'those of the tenant, or of the deployment itself; revoked ones too').action(
    async (flags: TokenFlags) => (await load()).listTokens(flags),
  );
  command('revoke <id>', 'end it, on every node within seconds').action(async (id: string, flags: TokenFlags) =>
    (await load()).revokeToken(id, flags),
  );
}
