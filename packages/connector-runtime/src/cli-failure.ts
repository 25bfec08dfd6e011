import { isConnectorError } from '@org/connector-sdk';

/** 0 pass, 1 findings, 2 usage (what was asked for is wrong), 3 environment (what it needs is not there). */
export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  if (!isConnectorError(error)) return 1;
  if (/^(DATABASE|DATA_DIRECTORY|ENVIRONMENT|PORT)_/.test(error.code)) return 3;
  if (error.code === 'KEY_SERVICE_UNAVAILABLE' || error.code === 'ADMIN_UNREACHABLE') return 3;
  if (error.code === 'CONNECTION_TEST_FAILED' || error.code === 'POLL_FAILED') return 1;
  if (error.code === 'POLICY_INVALID' || error.code === 'POLICY_ALTERS') return 1;
  if (error.code === 'AUDIT_BROKEN' || error.code === 'CREDENTIAL_UNREADABLE') return 1;
  return 2;
}

/** One line per problem: what is wrong and what to do. */
export function linesOf(error: unknown): string[] {
  if (!isConnectorError(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [`unexpected failure: ${text}`];
  }
  const { problems } = error.details;
  const lines = Array.isArray(problems) ? problems.map(String) : [error.message];
  return lines.map((line) => `${line.replaceAll(/\s*\n\s*/g, ' ')} [${error.code}]`);
}
