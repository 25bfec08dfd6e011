import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { parseTrustPolicy, type TrustPolicy } from '@org/connector-artifact';
import { RuntimeError } from '../types/errors.ts';

/** Far more than a policy needs, and little enough to read between two calls. */
const MAX_BYTES = 4_000_000;

/**
 * The trust policy of a file, read again whenever the file changes, so that a revocation takes effect in a running node.
 * A file that is broken or gone is refused for as long as it is: the last good one is not used on.
 *
 * @returns a function that throws RuntimeError `CONFIG_MISSING` | `CONFIG_INVALID`; the same policy object while nothing changed.
 */
export function createTrustFile(path: string): () => TrustPolicy {
  let read: { readonly stamp: string; readonly policy: TrustPolicy } | undefined;
  return () => {
    const stamp = stampOf(path);
    if (read?.stamp !== stamp) {
      read = undefined;
      read = { stamp, policy: parseFile(path) };
    }
    return read.policy;
  };
}

function stampOf(path: string): string {
  const stats = statOf(path);
  if (!stats)
    throw new RuntimeError(
      'CONFIG_MISSING',
      `there is no trust policy at ${path}; make one with \`connector trust init\``,
    );
  return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
}

/** A file that is there and can't be looked at (links in a circle, no permission) is as bad as a broken one. */
function statOf(path: string) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (cause) {
    throw refused(path, cause);
  }
}

function parseFile(path: string): TrustPolicy {
  try {
    return parseTrustPolicy(readPolicy(path));
  } catch (cause) {
    throw refused(path, cause);
  }
}

/** One handle for the checks and the reading. Without O_NONBLOCK a pipe in its place would stop the whole node. */
function readPolicy(path: string): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is no regular file');
    if (stats.size > MAX_BYTES) throw new Error(`it is over ${MAX_BYTES} bytes`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function refused(path: string, cause: unknown): RuntimeError {
  const why = cause instanceof Error ? cause.message : 'it cannot be read';
  const message = `the trust policy ${path} is refused, and so is every connector: ${why}`;
  return new RuntimeError('CONFIG_INVALID', message, { cause });
}
