import { type FileHandle, open } from 'node:fs/promises';
import { RuntimeError } from './types/errors.ts';
import { Secret } from './types/secret.ts';

/** Where the deployment keeps a secret of its own. */
export type SecretSource = { readonly file: string } | { readonly env: string };

const MAX_BYTES = 65_536;

/**
 * Reads a secret of the deployment: a file that nobody else may read, or a variable of the environment.
 *
 * @throws RuntimeError `CONFIG_INVALID`, naming the place and never the value
 */
export async function readSecretSource(source: SecretSource): Promise<Secret> {
  const place = 'env' in source ? `the environment variable ${source.env}` : source.file;
  const text = 'env' in source ? (process.env[source.env] ?? '') : await readPrivateFile(source.file);
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw invalid(`${place} holds no secret: set it`);
  return new Secret(value);
}

async function readPrivateFile(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size, mode, uid } = await file.stat();
    requirePrivate(path, mode, uid);
    if (size > MAX_BYTES) throw invalid(`${path} has ${size} bytes: a secret has at most ${MAX_BYTES}`);
    return await file.readFile('utf8');
  } catch (cause) {
    if (cause instanceof RuntimeError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw invalid(`${path} can't be read (${code}): check the path and who may read it`, cause);
  } finally {
    await file?.close();
  }
}

/** Ours: for us alone. Another user's (orchestrators mount secrets as root's): no more than read by a group, and by no other. */
function requirePrivate(path: string, mode: number, uid: number): void {
  const tooMuch = mode & (uid === process.getuid?.() ? 0o077 : 0o037);
  if (process.platform === 'win32' || tooMuch === 0) return;
  throw invalid(`${path} can be read or written by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it`);
}

function invalid(problem: string, cause?: unknown): RuntimeError {
  return new RuntimeError('CONFIG_INVALID', problem, { details: { problems: [problem] }, cause });
}
