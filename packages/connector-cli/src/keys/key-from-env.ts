import { CliError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';

const PEM = /^-----BEGIN /;

/**
 * The PEM text of a private key in an environment variable: the PEM itself (also with `\n` written out, as some CI systems
 * keep it), its base64, or the base64 of the PKCS#8 within it. What it is not worth, `createKeySigner` says.
 * @throws CliError `CLI_ENV_MISSING`.
 */
export function readKeyFromEnv(variable: string, { env }: Terminal): string {
  const value = env[variable]?.trim();
  if (!value) {
    throw new CliError('CLI_ENV_MISSING', `The environment variable ${variable} is not set; set it to the private key`);
  }
  if (PEM.test(value)) return value.replaceAll('\\n', '\n');
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  if (PEM.test(decoded)) return decoded;
  return `-----BEGIN PRIVATE KEY-----\n${value.replaceAll(/\s/g, '')}\n-----END PRIVATE KEY-----\n`;
}
