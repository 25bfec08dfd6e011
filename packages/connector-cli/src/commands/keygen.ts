import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { generateKeyPair } from '@org/connector-artifact';
import { CliError } from '../errors.ts';
import { createFile } from '../files.ts';
import { readPassphrase } from '../passphrase.ts';
import type { Report, Terminal } from '../terminal.ts';

export interface KeygenOptions {
  readonly out: string;
  readonly name: string;
  readonly passphraseEnv?: string;
}

/** `connector keygen`: writes `<name>.key.pem` (mode 0600) and `<name>.pub.pem`, and overwrites nothing. */
export async function keygen({ out, name, passphraseEnv }: KeygenOptions, terminal: Terminal): Promise<Report> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    throw new CliError('CLI_USAGE', `${JSON.stringify(name)} can't name a key: use letters, digits, ".", "_" and "-"`);
  }
  const passphrase = readPassphrase(passphraseEnv, terminal);
  const { keyId, privateKeyPem, publicKeyPem } = generateKeyPair({ passphrase });
  const privateKeyFile = join(out, `${name}.key.pem`);
  const publicKeyFile = join(out, `${name}.pub.pem`);
  await createFile(resolve(terminal.cwd, privateKeyFile), privateKeyPem, 0o600);
  try {
    await createFile(resolve(terminal.cwd, publicKeyFile), publicKeyPem, 0o644);
  } catch (error) {
    await rm(resolve(terminal.cwd, privateKeyFile), { force: true });
    throw error;
  }
  const encrypted = passphrase !== undefined;
  if (!encrypted) terminal.err(`${privateKeyFile} is not encrypted; use --passphrase-env to protect it at rest.`);
  return {
    ok: true,
    lines: [`Key ${keyId}`, `  private  ${privateKeyFile}  (keep it secret)`, `  public   ${publicKeyFile}`],
    json: { keyId, privateKeyFile, publicKeyFile, encrypted },
  };
}
