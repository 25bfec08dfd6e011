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
  | 'CLI_FILE_FORBIDDEN'
  | 'CLI_FILE_NOT_REGULAR'
  | 'CLI_FILE_TOO_LARGE'
  | 'CLI_LINK_BROKEN'
  | 'CLI_NO_MANIFEST'
  | 'CLI_ENV_MISSING'
  | 'CLI_GIT_MISSING'
  | 'CLI_GIT_REF_UNKNOWN'
  | 'CLI_GIT_FILE_MISSING'
  | 'CLI_GIT_FAILED'
  | 'CLI_FILE_LOCKED'
  | 'CLI_KEY_COMMAND_FAILED'
  // Findings: exit code 1
  | 'CLI_MANIFEST_INVALID'
  | 'DOCS_DIFFER'
  | 'BUILD_FAILED'
  | 'BUILD_BUILTIN_DENIED'
  | 'BUILD_IMPORT_UNKNOWN'
  | 'BUILD_NOT_A_CONNECTOR'
  | 'BUILD_DERIVE_FAILED'
  | 'BUILD_MANIFEST_DIFFERS';

/** Thrown by this package; the message is meant for the person at the terminal. */
export class CliError extends ConnectorError<CliErrorCode> {}
