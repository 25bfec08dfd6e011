import { readFileSync, statSync } from 'node:fs';
import { parseTrustPolicy, type TrustPolicy } from '@org/connector-artifact';
import { RuntimeError } from '../types/errors.ts';

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
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats)
    throw new RuntimeError(
      'CONFIG_MISSING',
      `there is no trust policy at ${path}; make one with \`connector trust init\``,
    );
  return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
}

function parseFile(path: string): TrustPolicy {
  try {
    return parseTrustPolicy(readFileSync(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be read';
    throw new RuntimeError('CONFIG_INVALID', `the trust policy ${path} is refused, and so is every connector: ${why}`, {
      cause,
    });
  }
}
