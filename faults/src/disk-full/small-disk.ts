import { execFile } from 'node:child_process';
import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own, in memory, that can be filled. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all that is left, until it is emptied. */
  fill(): Promise<void>;
  /** Gives it all back. */
  empty(): Promise<void>;
  unmount(): Promise<void>;
}

/** Thrown where file systems can't be mounted: the fault can't be tried there. */
export class NoMount extends Error {}

const PIECE = Buffer.alloc(64 * 1024, 1);

/** Needs root, or the right to mount. */
export async function mountSmallDisk(path: string, megabytes: number): Promise<SmallDisk> {
  await mkdir(path, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', path]);
  } catch (cause) {
    throw new NoMount(`a small file system can't be mounted at ${path}: run it as root, on Linux`, { cause });
  }
  await chmod(path, 0o711);
  const ballast = join(path, 'ballast');
  return {
    path,
    async fill() {
      const file = await open(ballast, 'a');
      try {
        // Smaller and smaller pieces, to the last byte.
        for (let bytes = PIECE.length; bytes > 0; bytes >>= 4)
          while (await takes(() => file.appendFile(PIECE.subarray(0, bytes))));
      } finally {
        await file.close();
      }
    },
    empty: () => rm(ballast, { force: true }),
    async unmount() {
      await run('umount', [path]).catch(() => run('umount', ['--lazy', path]));
    },
  };
}

async function takes(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
