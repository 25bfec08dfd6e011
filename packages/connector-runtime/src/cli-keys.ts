import type { Command, Option } from 'commander';

interface KeysFlags {
  readonly config: string;
  readonly json?: true;
}

/** `keys …`. The work is loaded when a command runs. */
export function addKeysCommands(program: Command, configOption: () => Option): void {
  const keys = program.command('keys').description('see, rotate and destroy the keys that seal secrets');
  const command = (name: string, description: string) =>
    keys
      .command(name)
      .description(description)
      .addOption(configOption().makeOptionMandatory())
      .option('--json', 'print the outcome as JSON');

  command('status', 'which keys there are, what wraps them, and how many secrets need each')
    .option('--check', 'open each key, to see that it does')
    .action(async ({ config, json, check }: KeysFlags & { check?: true }) => {
      const { showKeys } = await import('./key-commands.ts');
      await showKeys(config, { json: json === true, check: check === true });
    });
  command(
    'rotate-master',
    "wrap every tenant's keys with the config's masterKey; goes on where it was interrupted",
  ).action(async ({ config, json }: KeysFlags) => {
    const { rotateMasterKey } = await import('./key-commands.ts');
    await rotateMasterKey(config, json === true);
  });
  command('rotate-tenant [tenant]', "seal a tenant's secrets under a new key; goes on where it was interrupted")
    .option('--all', 'every tenant')
    .action(async (tenant: string | undefined, { config, json, all }: KeysFlags & { all?: true }) => {
      const { rotateTenantKeys } = await import('./key-commands.ts');
      await rotateTenantKeys(config, { tenant, all: all === true, json: json === true });
    });
  command('shred <tenant>', "destroy a tenant's keys: its secrets are lost for good")
    .option('--confirm <tenant>', 'the tenant once more, to show that it is meant')
    .action(async (tenant: string, { config, json, confirm }: KeysFlags & { confirm?: string }) => {
      const { shredTenantKeys } = await import('./key-commands.ts');
      await shredTenantKeys(config, { tenant, confirm, json: json === true });
    });
}
