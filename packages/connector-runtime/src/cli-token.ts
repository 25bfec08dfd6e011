import { type Command, Option } from 'commander';
import { addAdminGroup } from './admin-flags.ts';
import type { TokenFlags } from './token-commands.ts';
import { adminRoles } from './types/roles.ts';

const load = () => import('./token-commands.ts');

/** `token …`, over the admin API of a runtime that runs. The work is loaded when a command runs. */
export function addTokenCommands(program: Command): void {
  const tenant = new Option('--tenant <id>', 'of this tenant only; without it, of the whole deployment');
  const command = addAdminGroup(program, 'token', 'make, list and end tokens of the admin API', tenant);

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
