import { ConnectorError } from '@org/connector-sdk';

/** Why the command itself could not do its work. Refusals of artifacts carry the codes of `@org/connector-artifact`. */
export type CliErrorCode =
  // Wrong use: exit code 2
  | 'CLI_USAGE'
  | 'BUILD_CONFIG_INVALID'
  // The machine: exit code 3
  | 'CLI_FILE_MISSING'
  | 'CLI_FILE_UNREADABLE'
  | 'CLI_FILE_UNWRITABLE'
  | 'CLI_FILE_EXISTS'
  | 'CLI_ENV_MISSING'
  // Findings: exit code 1
  | 'BUILD_FAILED'
  | 'BUILD_BUILTIN_DENIED'
  | 'BUILD_NOT_A_CONNECTOR'
  | 'BUILD_DERIVE_FAILED'
  | 'BUILD_MANIFEST_DIFFERS';

/** Thrown by this package; the message is meant for the person at the terminal. */
export class CliError extends ConnectorError<CliErrorCode> {}
