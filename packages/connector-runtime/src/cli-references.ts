import type { Command, Option } from 'commander';

interface ReferencesFlags {
  readonly config: string;
}

/** `references …`. The work is loaded when a command runs. */
export function addReferencesCommands(program: Command, configOption: () => Option): void {
  const references = program
    .command('references')
    .description("what a tenant's secret references may point to: nothing, until it is set");
  references
    .command('show <tenant>')
    .description('print it as JSON')
    .addOption(configOption().makeOptionMandatory())
    .action(async (tenant: string, { config }: ReferencesFlags) => {
      const { showReferencePolicy } = await import('./reference-commands.ts');
      await showReferencePolicy(config, tenant);
    });
  references
    .command('set <tenant> <file>')
    .description('replace it by a JSON file: {"env":["NAME"],"file":["/run/secrets/acme/"],"vault":["secret/acme/"]}')
    .addOption(configOption().makeOptionMandatory())
    .action(async (tenant: string, file: string, { config }: ReferencesFlags) => {
      const { setReferencePolicy } = await import('./reference-commands.ts');
      await setReferencePolicy(config, tenant, file);
    });
}
