import { isConnectorError } from '@org/connector-sdk';

export const EXIT_PASS = 0;
export const EXIT_FINDINGS = 1;
export const EXIT_USAGE = 2;
export const EXIT_ENVIRONMENT = 3;

const USAGE: ReadonlySet<string> = new Set([
  'CLI_USAGE',
  'BUILD_CONFIG_INVALID',
  'ARTIFACT_KEY_INVALID',
  'ARTIFACT_KEY_WEAK',
  'ARTIFACT_TRUST_INVALID',
  'RULE_UNKNOWN',
  'RULE_NOT_OPTIONAL',
]);

const ENVIRONMENT: ReadonlySet<string> = new Set([
  'CLI_FILE_MISSING',
  'CLI_FILE_UNREADABLE',
  'CLI_FILE_UNWRITABLE',
  'CLI_FILE_EXISTS',
  'CLI_FILE_FORBIDDEN',
  'CLI_FILE_NOT_REGULAR',
  'CLI_FILE_TOO_LARGE',
  'CLI_LINK_BROKEN',
  'CLI_NO_MANIFEST',
  'CLI_ENV_MISSING',
  'CLI_GIT_MISSING',
  'CLI_GIT_REF_UNKNOWN',
  'CLI_GIT_FILE_MISSING',
  'CLI_GIT_FAILED',
  'CLI_FILE_LOCKED',
  'CLI_KEY_COMMAND_FAILED',
  'ARTIFACT_NOT_FOUND',
  'ARTIFACT_ACCESS_FAILED',
  'ARTIFACT_PASSPHRASE_WRONG',
]);

/** 1 for what the command found or refused, 2 for wrong use, 3 for the machine (and for whatever nobody foresaw). */
export function exitCodeOf(error: unknown): number {
  if (!isConnectorError(error) || ENVIRONMENT.has(error.code)) return EXIT_ENVIRONMENT;
  return USAGE.has(error.code) ? EXIT_USAGE : EXIT_FINDINGS;
}
