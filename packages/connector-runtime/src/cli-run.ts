import { Argument, type Command, Option } from 'commander';
import { addAdminGroup } from './admin-flags.ts';
import type { RunFlags } from './run-commands.ts';
import type { Found, SettleFlags } from './settle-commands.ts';

const load = () => import('./run-commands.ts');
const loadSettling = () => import('./settle-commands.ts');
const statuses = 'queued running waiting diverged cancelling completed denied failed cancelled'.split(' ');

/** `run …`, over the admin API of a runtime that runs. The work is loaded when a command runs. */
export function addRunCommands(program: Command): void {
  const command = addAdminGroup(
    program,
    'run',
    'look at runs, cancel them, resume those that diverged, and settle their writes',
  );

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
  command('unsettled', "a tenant's writes whose outcome is unknown, those that have waited longest first")
    .option('--limit <n>', 'at most so many, up to 500', '100')
    .action(async (flags: RunFlags) => (await loadSettling()).listUnsettled(flags));
  command('settle <run> <step>', 'say what became of a write, as you found it at the SaaS')
    .addArgument(new Argument('<found>', 'what you found').choices(['applied', 'not-applied']))
    .requiredOption('--reason <text>', 'how you know, for the audit')
    .option('--output <file>', 'what an applied action gives the workflow, as JSON; - for standard input')
    .action(async (run: string, step: string, found: Found, flags: SettleFlags) =>
      (await loadSettling()).settleStep(run, step, found, flags),
    );
}
