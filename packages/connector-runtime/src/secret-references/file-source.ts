import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { missing, notAllowed, unavailable } from './failures.ts';
import type { ParsedReference } from './parse-reference.ts';
import { coversPath } from './reference-policy.ts';

const MAX_BYTES = 65_536;

/**
 * Reads a file that the policy lists. Where links lead counts, not what they are called: the real path must be below the real
 * path of an entry, and what was opened must be that file.
 *
 * @throws RuntimeError `SECRET_REFERENCE_NOT_ALLOWED` | `_MISSING` | `_UNAVAILABLE`
 */
export async function readFileReference(reference: ParsedReference, entries: readonly string[]): Promise<string> {
  const path = await realPath(reference, reference.path);
  const places = await Promise.all(entries.filter((entry) => coversPath(entry, reference.path)).map(realEntry));
  if (!places.some((place) => place !== undefined && coversPath(place, path))) throw notAllowed(reference);
  let file: FileHandle | undefined;
  try {
    // Neither a link put there in between, nor a pipe that never ends.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw unavailable(reference, 'it is no regular file');
    if (stat.size > MAX_BYTES) throw unavailable(reference, `it has more than ${MAX_BYTES} bytes`);
    if ((await realPath(reference, reference.path)) !== path) throw notAllowed(reference);
    return (await file.readFile('utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw asFailure(reference, error);
  } finally {
    await file?.close();
  }
}

async function realPath(reference: ParsedReference, path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw asFailure(reference, error);
  }
}

/** An entry that is not there covers nothing. */
async function realEntry(entry: string): Promise<string | undefined> {
  const path = await realpath(entry).catch(() => undefined);
  return path === undefined || !entry.endsWith('/') ? path : `${path}/`;
}

function asFailure(reference: ParsedReference, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return missing(reference, 'is no file; create it');
  if (error.code === 'ELOOP') return notAllowed(reference);
  const system = typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code);
  return system ? unavailable(reference, `the file can't be read (${String(error.code)})`, error) : error;
}
