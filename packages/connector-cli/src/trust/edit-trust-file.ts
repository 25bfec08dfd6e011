import { open, realpath, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseTrustFile, parseTrustPolicy, type TrustFile, writeTrustFile } from '@org/connector-artifact';
import { CliError } from '../errors.ts';
import { readBytes, replaceFile } from '../files.ts';

const MAX_BYTES = 4_000_000;
const RETRY_MS = 50;
const TRIES = 200;

/** The bytes of a trust policy. Throws `CLI_FILE_*`. */
export function readTrustBytes(path: string): Promise<Uint8Array> {
  return readBytes(path, 'The trust policy', MAX_BYTES);
}

/**
 * Reads, changes and writes a policy: whole or not at all, in its one spelling, with the next serial. What would not load
 * again is not written, and neither is what changed nothing. A lock file beside it keeps two edits at once from losing one.
 * A link is followed first: replacing the link itself would leave the nodes that read its target with the old policy. The
 * mode stays, so that who could read the policy still can.
 * @throws CliError `CLI_FILE_LOCKED`, `CLI_FILE_*`; ArtifactError `ARTIFACT_TRUST_INVALID`; whatever `change` throws.
 */
export async function editTrustFile(given: string, change: (trust: TrustFile) => void): Promise<TrustFile> {
  // What leads nowhere is named as it was given when it is read.
  const path = await realpath(given).catch(() => given);
  return withLock(`${path}.lock`, async () => {
    const before = parseTrustFile(await readTrustBytes(path));
    const trust = structuredClone(before);
    change(trust);
    if (Buffer.from(writeTrustFile(before)).equals(writeTrustFile(trust))) return before;
    const next = { ...trust, serial: (before.serial ?? 0) + 1 };
    const bytes = writeTrustFile(next);
    parseTrustPolicy(bytes);
    await replaceFile(path, bytes, (await stat(path)).mode & 0o777);
    return next;
  });
}

async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  await takeLock(lock);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      const file = await open(lock, 'wx');
      await file.close();
      return;
    } catch (cause) {
      const errno = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      // The folder is not there: reading the policy will say so.
      if (errno === 'ENOENT') return;
      if (errno !== 'EEXIST') throw unwritable(lock, String(errno), cause);
      if (tries === TRIES) throw locked(lock, cause);
    }
    await delay(RETRY_MS);
  }
}

function locked(lock: string, cause: unknown): CliError {
  const message = `${lock} is still there: another edit runs, or was killed. Remove it if none does`;
  return new CliError('CLI_FILE_LOCKED', message, { details: { file: lock }, cause });
}

function unwritable(lock: string, errno: string, cause: unknown): CliError {
  return new CliError('CLI_FILE_UNWRITABLE', `${lock} cannot be written (${errno}); check the folder's permissions`, {
    details: { file: lock },
    cause,
  });
}
