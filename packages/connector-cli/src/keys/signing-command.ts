import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { readText } from '../files.ts';
import type { Terminal } from '../terminal.ts';
import type { SigningCommand } from './command-signer.ts';

/** The system ends a text at its first NUL, so no program can be started with one. */
const word = z.string().regex(/^[^\0]*$/);
const argv = z.tuple([word.min(1)], word);

const schema = z.union([
  argv.transform((list) => ({ argv: list, publicKey: undefined, timeoutSeconds: undefined })),
  z.strictObject({
    argv,
    /** A file, relative to this one. */
    publicKey: z.string().min(1).optional(),
    timeoutSeconds: z.number().positive().max(3600).optional(),
  }),
]);

const DEFAULT_TIMEOUT_SECONDS = 60;

/**
 * A signing command as given: a JSON array of program and arguments, or a JSON file with that array or with
 * `{ "argv", "publicKey", "timeoutSeconds" }`.
 * @throws CliError `CLI_USAGE`, `CLI_FILE_*`.
 */
export async function readSigningCommand(
  given: string,
  publicKey: string | undefined,
  { cwd }: Terminal,
): Promise<SigningCommand> {
  const isFile = !given.trimStart().startsWith('[');
  const file = resolve(cwd, given);
  const { data } = schema.safeParse(parseJson(isFile ? await readText(file, 'The signing command') : given));
  if (!data) {
    throw new CliError(
      'CLI_USAGE',
      '--key-command is a JSON array of program and arguments, or a JSON file with it: ["sign-with-kms", "--key", "release"]',
    );
  }
  const inFile = data.publicKey === undefined ? undefined : resolve(dirname(file), data.publicKey);
  const path = publicKey === undefined ? inFile : resolve(cwd, publicKey);
  if (path === undefined) {
    throw new CliError('CLI_USAGE', 'give the public key of --key-command with --public-key <pem>');
  }
  return {
    argv: data.argv,
    publicKeyPem: await readText(path, 'The public key'),
    timeoutMs: (data.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
