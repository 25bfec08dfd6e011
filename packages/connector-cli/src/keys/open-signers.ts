import { resolve } from 'node:path';
import { createKeySigner, type Signer } from '@org/connector-artifact';
import { CliError } from '../errors.ts';
import { readText } from '../files.ts';
import { readPassphrase } from '../passphrase.ts';
import type { Terminal } from '../terminal.ts';
import { createCommandSigner } from './command-signer.ts';
import { readKeyFromEnv } from './key-from-env.ts';
import { readSigningCommand } from './signing-command.ts';

export interface KeyOptions {
  /** PEM files. */
  readonly key?: readonly string[];
  /** Environment variables that hold a key. */
  readonly keyEnv?: readonly string[];
  readonly keyCommand?: string;
  /** PEM file, of the signing command's key. */
  readonly publicKey?: string;
  readonly passphraseEnv?: string;
}

/**
 * Everybody who is asked to sign, each key once.
 * @throws CliError `CLI_USAGE`, `CLI_FILE_*`, `CLI_ENV_MISSING`; ArtifactError `ARTIFACT_KEY_*`, `ARTIFACT_PASSPHRASE_WRONG`.
 */
export async function openSigners(options: KeyOptions, terminal: Terminal): Promise<readonly Signer[]> {
  const { key = [], keyEnv = [], keyCommand, publicKey, passphraseEnv } = options;
  if (publicKey !== undefined && keyCommand === undefined) {
    throw new CliError('CLI_USAGE', '--public-key belongs to --key-command; a key file holds both halves');
  }
  const passphrase = readPassphrase(passphraseEnv, terminal);
  const pems = [
    ...(await Promise.all(key.map((file) => readText(resolve(terminal.cwd, file), 'The private key')))),
    ...keyEnv.map((variable) => readKeyFromEnv(variable, terminal)),
  ];
  const signers = pems.map((pem) => createKeySigner(pem, passphrase));
  if (keyCommand !== undefined) {
    signers.push(createCommandSigner(await readSigningCommand(keyCommand, publicKey, terminal), terminal));
  }
  if (signers.length === 0) throw new CliError('CLI_USAGE', 'give a key: --key, --key-env or --key-command');
  return [...new Map(signers.map((signer) => [signer.keyId, signer])).values()];
}
