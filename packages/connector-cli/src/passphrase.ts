import { CliError } from './errors.ts';
import type { Terminal } from './terminal.ts';

/**
 * The passphrase in the named environment variable: never an argument, where every user of the machine could read it.
 * @throws CliError `CLI_ENV_MISSING` when a variable was named and is empty.
 */
export function readPassphrase(variable: string | undefined, { env }: Terminal): string | undefined {
  if (variable === undefined) return undefined;
  const value = env[variable];
  if (value) return value;
  throw new CliError('CLI_ENV_MISSING', `The environment variable ${variable} is not set; set it to the passphrase`);
}
