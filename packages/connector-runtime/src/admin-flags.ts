import { type Command, Option } from 'commander';
import { RuntimeError } from './types/errors.ts';

/** What every command over the admin API takes. */
export interface AdminFlags {
  readonly url?: string;
  readonly tokenEnv: string;
  readonly tenant?: string;
  readonly json?: true;
}

/** A group of commands over the admin API of a runtime that runs. Gives what adds one to it. */
export function addAdminGroup(
  program: Command,
  name: string,
  description: string,
  tenant: Option = new Option('--tenant <id>', 'the tenant').env('CONNECTOR_TENANT'),
): (usage: string, description: string) => Command {
  const group = program
    .command(name)
    .description(`${description}, over the admin API`)
    .addHelpText('after', '\nThe admin token is read from the environment (ADMIN_TOKEN, or as --token-env says).');
  return (usage, about) =>
    group
      .command(usage)
      .description(about)
      .addOption(new Option('--url <url>', 'where the runtime is').env('CONNECTOR_RUNTIME_URL'))
      .addOption(new Option('--token-env <name>', 'the variable that holds the admin token').default('ADMIN_TOKEN'))
      .addOption(tenant)
      .option('--json', 'print what the runtime answers');
}

/** `/tenants/<id>/…`. Throws `CONFIG_MISSING` without a tenant. */
export function tenantPath({ tenant }: AdminFlags, ...parts: readonly (string | undefined)[]): string {
  if (tenant === undefined) {
    throw new RuntimeError('CONFIG_MISSING', 'name the tenant with --tenant or CONNECTOR_TENANT');
  }
  const given = ['tenants', tenant, ...parts].filter((part) => part !== undefined);
  return given.map((part) => `/${encodeURIComponent(part)}`).join('');
}

export function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
