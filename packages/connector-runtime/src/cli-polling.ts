import type { Command } from 'commander';
import { type AdminFlags, addAdminGroup } from './admin-flags.ts';

const load = () => import('./polling-commands.ts');

/** `polling …`, over the admin API of a runtime that runs. The work is loaded when a command runs. */
export function addPollingCommands(program: Command): void {
  const command = addAdminGroup(program, 'polling', 'see and hurry what finds changes that no webhook told of');
  command('list', 'how polling stands, by connection and trigger').action(async (flags: AdminFlags) =>
    (await load()).listPolling(flags),
  );
  command('reconcile <connection> <trigger>', 'poll now; exit code 1 when it fails').action(
    async (connection: string, trigger: string, flags: AdminFlags) =>
      (await load()).reconcilePolling(connection, trigger, flags),
  );
}
