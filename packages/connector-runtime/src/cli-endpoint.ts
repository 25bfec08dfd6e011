import { type Command, Option } from 'commander';
import { addAdminGroup } from './admin-flags.ts';
import type { EndpointFlags } from './endpoint-commands.ts';

const load = () => import('./endpoint-commands.ts');

/** `endpoint …`. The work is loaded when a command runs. */
export function addEndpointCommands(program: Command): void {
  const command = addAdminGroup(program, 'endpoint', "make and rotate a tenant's webhook addresses and their secrets");

  command('create', 'make one; its address and its secret are shown this once')
    .requiredOption('--connection <id>', 'whose deliveries they are')
    .addOption(new Option('--trigger <name>', 'for events of a trigger').conflicts('approval'))
    .addOption(new Option('--approval <name>', 'for clicks of an approval channel'))
    .addOption(secretOption())
    .action(async (flags: EndpointFlags) => (await load()).createEndpoint(flags));
  command('list', 'all of a tenant').action(async (flags: EndpointFlags) => (await load()).listEndpoints(flags));
  command('show <id>', 'its addresses and secrets, by id and end').action(async (id: string, flags: EndpointFlags) =>
    (await load()).showEndpoint(id, flags),
  );
  command('rotate-address <id>', 'give it a new address, shown this once; the old one goes on working for a while')
    .addOption(overlapOption())
    .action(async (id: string, flags: EndpointFlags) => (await load()).rotateAddress(id, flags));
  command('rotate-secret <id>', 'give it a new secret, shown this once; the old one goes on verifying for a while')
    .addOption(overlapOption())
    .addOption(secretOption())
    .action(async (id: string, flags: EndpointFlags) => (await load()).rotateSecret(id, flags));
  command(
    'remove-secret <id> <secret-id>',
    'end one at once, for example because it leaked; not the current one',
  ).action(async (id: string, secretId: string, flags: EndpointFlags) =>
    (await load()).removeSecret(id, secretId, flags),
  );
  for (const verb of ['disable', 'enable'] as const) {
    command(`${verb} <id>`, verb === 'disable' ? 'accept nothing any more' : 'accept again, with what it had').action(
      async (id: string, flags: EndpointFlags) => (await load()).switchEndpoint(id, verb, flags),
    );
  }
}

function overlapOption(): Option {
  return new Option(
    '--overlap-seconds <seconds>',
    'how long earlier ones go on; 0 ends them at once; a day by default',
  );
}

/** Never as an argument: those are seen by everybody on the machine. */
function secretOption(): Option {
  return new Option('--secret <file>', "a file with the sender's own (- for standard input); made when left out");
}
