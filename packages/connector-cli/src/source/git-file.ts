import { execFile } from 'node:child_process';
import { relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { CliError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { MAX_MANIFEST_BYTES } from '../validate/read-manifest.ts';

const run = promisify(execFile);

/** A file as it is in a commit. */
export interface GitFile {
  /** A branch, a tag or a commit; empty for what is staged. */
  readonly ref: string;
  /** From the top of the repository; with `./` or `../` from the folder of the command. */
  readonly path: string;
}

/** Reads `<ref>:<path>`, or `:<path>` for what is staged, as `git show` does; undefined when it does not look like that. */
export function parseGitFile(name: string): GitFile | undefined {
  const [, ref, path] = /^([^:]*):(.+)$/s.exec(name) ?? [];
  return ref === undefined || path === undefined ? undefined : { ref, path };
}

/** A path on disk, as git takes it for the same file in another commit. */
export function gitPathOf(path: string, cwd: string): string {
  const inside = relative(cwd, resolve(cwd, path)).split(sep).join('/');
  return inside.startsWith('../') ? inside : `./${inside}`;
}

/**
 * The bytes of a file in a commit. Git runs without a shell, asks nobody, and fetches nothing.
 * @throws CliError `CLI_USAGE` for a ref that git would read as an option; `CLI_GIT_MISSING`, `CLI_GIT_REF_UNKNOWN`,
 * `CLI_GIT_FILE_MISSING`, `CLI_GIT_FAILED`, `CLI_FILE_TOO_LARGE`.
 */
export async function readGitFile({ ref, path }: GitFile, terminal: Terminal): Promise<Uint8Array> {
  if (ref.startsWith('-')) throw new CliError('CLI_USAGE', `${ref} is no ref; name a branch, a tag or a commit`);
  if (ref !== '') {
    await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], terminal).catch((error) => {
      throw explain(error, 'CLI_GIT_REF_UNKNOWN', `There is no commit ${ref} here; fetch it, or check the name`);
    });
  }
  return git(['cat-file', 'blob', `${ref}:${path}`], terminal).catch((error) => {
    throw explain(
      error,
      'CLI_GIT_FILE_MISSING',
      `${ref || 'What is staged'} has no file ${path}; check the path from the top of the repository`,
    );
  });
}

async function git(args: readonly string[], { cwd, env }: Terminal): Promise<Buffer> {
  const { stdout } = await run('git', args, {
    cwd,
    env: {
      ...env,
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_NO_LAZY_FETCH: '1',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_NO_REPLACE_OBJECTS: '1',
    },
    encoding: 'buffer',
    maxBuffer: MAX_MANIFEST_BYTES,
    windowsHide: true,
  });
  return stdout;
}

function explain(cause: unknown, code: 'CLI_GIT_REF_UNKNOWN' | 'CLI_GIT_FILE_MISSING', otherwise: string): CliError {
  const failure = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (failure === 'ENOENT') {
    return new CliError('CLI_GIT_MISSING', 'git is not installed, or not on the PATH; install it', { cause });
  }
  if (failure === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    const most = MAX_MANIFEST_BYTES / 1024 / 1024;
    return new CliError('CLI_FILE_TOO_LARGE', `What git has there is over ${most} MiB; name a manifest`, { cause });
  }
  const told = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
  if (/not a git repository/.test(told)) {
    return new CliError('CLI_GIT_FAILED', 'This folder is in no git repository; run the command inside one', { cause });
  }
  if (/dubious ownership/.test(told)) {
    const what = 'Git refuses this repository because another user owns it; add it to safe.directory';
    return new CliError('CLI_GIT_FAILED', what, { cause });
  }
  return new CliError(code, otherwise, { cause });
}
