import { lstatSync } from 'node:fs';
import { CliError, type CliErrorCode } from '../errors.ts';
import { errnoOf } from '../files.ts';

/** Why a file could not be read: each reason has a code of its own, and says what to do about it. */
export function fileProblem(path: string, shown: string, cause: unknown): CliError {
  if (cause instanceof CliError) return cause;
  const errno = errnoOf(cause);
  const [code, why] = reasonOf(path, errno);
  return new CliError(code, `${shown} ${why}`, { details: { file: shown, errno }, cause });
}

function reasonOf(path: string, errno: string): [CliErrorCode, string] {
  switch (errno) {
    case 'ENOENT':
      return isLink(path) ? BROKEN : MISSING;
    case 'ENOTDIR':
      return MISSING;
    case 'ELOOP':
      return BROKEN;
    case 'EACCES':
    case 'EPERM':
      return ['CLI_FILE_FORBIDDEN', 'may not be read by this user; change its permissions, or those of its folder'];
    default:
      return ['CLI_FILE_UNREADABLE', `cannot be read (${errno}); check the path and the disk it lies on`];
  }
}

const MISSING: [CliErrorCode, string] = ['CLI_FILE_MISSING', 'does not exist; check the path'];
const BROKEN: [CliErrorCode, string] = [
  'CLI_LINK_BROKEN',
  'is a link that leads nowhere; remove it or restore what it points to',
];

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
