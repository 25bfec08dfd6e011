import { type Command, Option } from 'commander';
import { addAdminGroup } from './admin-flags.ts';
import type { RunFlags } from './run-commands.ts';

const load = () => import('./run-commands.ts');
const statuses = 'queued running waiting diverged cancelling completed denied failed cancelled'.split(' ');

/** `run …`, over the admin API of a runtime that runs. The work is loaded when a command runs. */
export function addRunCommands(program: Command): void {
  const command = addAdminGroup(program, 'run', 'look at runs, cancel them, and resume those that diverged');

  command('list', "a tenant's runs, newest first")
    .addOption(new Option('--status <status>', 'only these').choices(statuses))
    .option('--limit <n>', 'at most so many, up to 500', '100')
    .action(async (flags: RunFlags) => (await load()).listRuns(flags));
  command('show <id>', 'its state, why, what to do next, and its steps').action(async (id: string, flags: RunFlags) =>
    (await load()).showRun(id, flags),
  );
  command('cancel <id>', 'begin nothing new in it; a write in hand ends first')
    .option('--reason <text>', 'why, for the audit')
    .action(async (id: string, flags: RunFlags) => (await load()).cancelRun(id, flags));
  command('resume <id>', 'let a diverged run go on where it was, under the code that is deployed now').action(
    async (id: string, flags: RunFlags) => (await load()).resumeRun(id, flags),
  );
}
