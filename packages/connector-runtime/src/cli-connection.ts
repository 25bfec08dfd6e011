import { type Command, Option } from 'commander';
import { addAdminGroup } from './admin-flags.ts';
import type { ConnectionFlags } from './connection-commands.ts';

const load = () => import('./connection-commands.ts');

/** `connection …`, over the admin API of a runtime that runs. The work is loaded when a command runs. */
export function addConnectionCommands(program: Command): void {
  const command = addAdminGroup(program, 'connection', "make, authorize, test and end a tenant's connections");

  command('create <name>', 'make one; what a person has to agree to is authorized next')
    .requiredOption('--connector <id>', 'an enabled connector')
    .requiredOption('--auth <key>', "one of the manifest's connection.auth")
    .option('--config <file>', 'its config, a JSON file (- for standard input)')
    .option('--set <name=value...>', 'members of its config that are text or numbers')
    .option('--workspace <id>', "the workspace; without it the tenant's default")
    .addOption(secretsOption())
    .addOption(referenceOption())
    .action(async (name: string, flags: ConnectionFlags) => (await load()).createConnection(name, flags));
  command('authorize <id>', 'print the link at which a person agrees')
    .option('--open', 'open it in the browser of this machine')
    .option('--wait', 'until it is done, or the link is over')
    .action(async (id: string, flags: ConnectionFlags) => (await load()).authorizeConnection(id, flags));
  command('test <id>', 'ask the SaaS whether it works; exit code 1 when it does not').action(
    async (id: string, flags: ConnectionFlags) => (await load()).testConnection(id, flags),
  );
  command('rotate <id>', 'give it another credential; what a person agreed to stays with the same client')
    .addOption(secretsOption())
    .addOption(referenceOption())
    .action(async (id: string, flags: ConnectionFlags) => (await load()).rotateConnection(id, flags));
  for (const verb of ['disable', 'enable'] as const) {
    command(`${verb} <id>`, verb === 'disable' ? 'stop its use, and keep it' : 'use it again').action(
      async (id: string, flags: ConnectionFlags) => (await load()).switchConnection(id, verb, flags),
    );
  }
  command('delete <id>', 'end its grant at the provider and destroy its credential')
    .option('--force', 'although runs, approvals or rules need it')
    .action(async (id: string, flags: ConnectionFlags) => (await load()).deleteConnection(id, flags));
  command('list', 'all of a tenant; without --tenant, of all tenants')
    .addOption(new Option('--status <status>', 'only these').choices(['ready', 'reauth_required', 'disabled']))
    .action(async (flags: ConnectionFlags) => (await load()).listConnections(flags));
  command('show <id>', 'its state, why, and what to do next').action(async (id: string, flags: ConnectionFlags) =>
    (await load()).showConnection(id, flags),
  );
}

/** Never as an argument: those are seen by everybody on the machine. */
function secretsOption(): Option {
  return new Option('--secrets <file>', 'its secrets, a JSON file (- for standard input)');
}

function referenceOption(): Option {
  return new Option('--secret-ref <name=reference...>', 'secrets that stay where they are, as clientSecret=vault:…');
}
