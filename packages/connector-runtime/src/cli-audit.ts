import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SealFlags, VerifyFlags } from './audit-commands.ts';
import { RuntimeError } from './types/errors.ts';

const load = () => import('./audit-commands.ts');

/** `audit …`: on exports, or on the database of a config. The work is loaded when a command runs. */
export function addAuditCommands(program: Command, configOption: () => Option): void {
  const audit = program.command('audit').description('check or export the audit trail');
  const repeated = (path: string, paths: readonly string[]) => [...paths, path];
  audit
    .command('verify')
    .description("verify an export, or every chain in a config's database, also against signed heads")
    .addOption(configOption())
    .option('--file <export>', 'an export (NDJSON), verified without a database')
    .option('--head <heads>', 'signed heads that were kept elsewhere (NDJSON)')
    .addOption(
      new Option('--key <file>', 'a public key (PEM) that may have signed heads; can be repeated')
        .argParser(repeated)
        .default([], 'those of the config'),
    )
    .option('--json', 'one JSON line per chain')
    .action(async (flags: VerifyFlags & { config?: string; file?: string }) => {
      const { config, file } = flags;
      if (file !== undefined && config === undefined) await (await load()).verifyAuditExport(file, flags);
      else if (config !== undefined && file === undefined) await (await load()).verifyAuditOf(config, flags);
      else throw new RuntimeError('CONFIG_MISSING', 'audit verify needs either --config or --file');
    });
  audit
    .command('export')
    .description("write a tenant's chain to standard output, as NDJSON; its head is signed, where the config has a key")
    .addOption(configOption().makeOptionMandatory())
    .requiredOption('--tenant <id>', 'the tenant; 00000000-0000-0000-0000-000000000000 for the deployment itself')
    .action(async ({ config, tenant }: { config: string; tenant: string }) =>
      (await load()).writeAuditExport(config, tenant),
    );
  audit
    .command('seal')
    .description('move old entries to sealed files, which are verified before anything is deleted')
    .addOption(configOption().makeOptionMandatory())
    .addOption(new Option('--older-than <days>', 'how old').argParser(toDays).makeOptionMandatory())
    .requiredOption('--out <folder>', 'where the files go: one for each chain, to be kept as long as the law wants')
    .option('--tenant <id>', 'only of this chain')
    .option('--json', 'one JSON line per chain')
    .action(async ({ config, ...flags }: SealFlags & { config: string }) => (await load()).sealAudit(config, flags));
  audit
    .command('heads')
    .description('write signed heads to standard output, as NDJSON, to be kept where the database’s owner has no hand')
    .addOption(configOption().makeOptionMandatory())
    .option('--tenant <id>', 'only of this chain')
    .action(async ({ config, tenant }: { config: string; tenant?: string }) =>
      (await load()).writeSignedHeads(config, tenant),
    );
}

function toDays(text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= 1 && days <= 36_500) return days;
  throw new InvalidArgumentError('a number of days, 1 to 36500');
}
