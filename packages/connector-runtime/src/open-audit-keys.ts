import { open, readFile } from 'node:fs/promises';
import { createKeySigner, type PublicKey, parsePublicKey, type Signer } from '@org/connector-artifact';
import { createHeadSigner, type HeadSigner } from './audit/index.ts';
import type { AuditOptions } from './config-audit.ts';
import { readSecretSource } from './secret-source.ts';
import type { Clock } from './types/clock.ts';
import type { Db } from './types/database.ts';
import { RuntimeError } from './types/errors.ts';

/** The keys that a config names for the audit. */
export interface AuditKeys {
  readonly signer: Signer | undefined;
  /** The signer's own, and those that signed before. */
  readonly keys: readonly PublicKey[];
}

/** `learn` is told each secret of them. Throws `CONFIG_INVALID`. */
export async function openAuditKeys(options: AuditOptions, learn: (secret: string) => void): Promise<AuditKeys> {
  const earlier = await Promise.all(options.earlierKeys.map(readPublicKey));
  if (options.signingKey === undefined) return { signer: undefined, keys: earlier };
  const key = (await readSecretSource(options.signingKey)).reveal();
  learn(key);
  const passphrase = options.passphrase && (await readSecretSource(options.passphrase)).reveal();
  if (passphrase !== undefined) learn(passphrase);
  try {
    const signer = createKeySigner(key, passphrase);
    return { signer, keys: [parsePublicKey(signer.publicKeyPem), ...earlier] };
  } catch (cause) {
    throw unusable('audit.signingKey', cause);
  }
}

/** Undefined where no key is configured: then nothing is signed. */
export function openHeadSigner(
  { signer, keys }: AuditKeys,
  { db, clock, options }: { readonly db: Db; readonly clock: Clock; readonly options: AuditOptions },
): HeadSigner | undefined {
  if (signer === undefined) return undefined;
  const { headsFile, onSignedHead } = options;
  return createHeadSigner({
    db,
    clock,
    signer,
    keys,
    async onSignedHead(envelope, head) {
      if (headsFile !== undefined) await appendLine(headsFile, envelope);
      await onSignedHead?.(envelope, head);
    },
  });
}

/** SPKI PEM. Throws `CONFIG_INVALID`. */
export async function readPublicKey(path: string): Promise<PublicKey> {
  try {
    return parsePublicKey(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unusable(path, cause);
  }
}

async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(`${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

function unusable(place: string, cause: unknown): RuntimeError {
  const problem = `${place} can't be used: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new RuntimeError('CONFIG_INVALID', problem, { details: { problems: [problem] }, cause });
}
