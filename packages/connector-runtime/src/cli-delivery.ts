import { type Command, Option } from 'commander';
import { addAdminGroup } from './admin-flags.ts';
import type { DeliveryFlags } from './delivery-commands.ts';

const load = () => import('./delivery-commands.ts');

/** `delivery …`. The work is loaded when a command runs. */
export function addDeliveryCommands(program: Command): void {
  const command = addAdminGroup(program, 'delivery', 'see what came of deliveries, and replay dead ones');
  const outcomes = ['events', 'duplicate-events', 'no-trigger', 'decision', 'no-decision'];

  command('list', 'the newest first')
    .addOption(new Option('--status <status>', 'only these').choices(['pending', 'done', 'dead']))
    .addOption(new Option('--outcome <outcome>', 'only these').choices(outcomes))
    .option('--endpoint <id>', 'only of this one')
    .option('--before <id>', 'the page after this delivery')
    .option('--limit <count>', 'at most 500', '100')
    .action(async (flags: DeliveryFlags) => (await load()).listDeliveries(flags));
  command('show <id>', 'what came of one: its events and runs, or why it is dead').action(
    async (id: string, flags: DeliveryFlags) => (await load()).showDelivery(id, flags),
  );
  command('replay [id]', 'read a dead one again after a fix, or with --endpoint all dead ones of that')
    .option('--endpoint <id>', 'instead of an id: the oldest first, 1,000 at most')
    .option('--limit <count>', 'with --endpoint: fewer')
    .action(async (id: string | undefined, flags: DeliveryFlags) => (await load()).replayDeliveries(id, flags));
}
