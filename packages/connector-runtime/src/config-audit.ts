import { resolve } from 'node:path';
import { z } from 'zod';
import type { SignedHead } from './audit/index.ts';
import type { SecretSource } from './secret-source.ts';

/** Who signs the heads of the audit's chains, and where they are kept besides the database. */
export interface AuditConfig {
  /** Where the Ed25519 private key is (PEM, as `connector keygen` writes it). Without one nothing is signed. */
  readonly signingKey?: SecretSource | undefined;
  /** Where the passphrase of an encrypted key is. */
  readonly passphrase?: SecretSource | undefined;
  /** Files of the public keys that signed before. Default: none. */
  readonly earlierKeys?: readonly string[] | undefined;
  /** How often the heads of chains that moved are signed. Default 60. */
  readonly signEverySeconds?: number | undefined;
  /** A file that each signed head is appended to, one line each: best where the database's owner can't write. */
  readonly headsFile?: string | undefined;
  /** Is told each signed head, one line of JSON, once it is stored. */
  readonly onSignedHead?: ((envelope: string, head: SignedHead) => void | Promise<void>) | undefined;
}

export type AuditOptions = AuditConfig & { readonly signEverySeconds: number; readonly earlierKeys: readonly string[] };

const text = z.string().min(1).max(1000);
const source = z.union([
  z.strictObject({ file: text }),
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
]);

export const audit = z
  .strictObject({
    signingKey: source.optional(),
    passphrase: source.optional(),
    earlierKeys: z.array(text).default([]),
    signEverySeconds: z.int().min(1).max(86_400).default(60),
    headsFile: text.optional(),
    onSignedHead: z
      .custom<NonNullable<AuditConfig['onSignedHead']>>((value) => typeof value === 'function', 'must be a function')
      .optional(),
  })
  .refine(
    ({ signingKey, passphrase, headsFile, onSignedHead }) =>
      signingKey !== undefined || (passphrase === undefined && headsFile === undefined && onSignedHead === undefined),
    'has no signingKey: without one nothing is signed',
  )
  .default({ earlierKeys: [], signEverySeconds: 60 });

/** Paths are relative to the config file's folder. */
export function toAuditOptions(given: z.infer<typeof audit>, folder: string): AuditOptions {
  const { signingKey, passphrase, earlierKeys, headsFile } = given;
  return {
    ...given,
    signingKey: absolute(signingKey, folder),
    passphrase: absolute(passphrase, folder),
    earlierKeys: earlierKeys.map((path) => resolve(folder, path)),
    headsFile: headsFile === undefined ? undefined : resolve(folder, headsFile),
  };
}

function absolute(place: SecretSource | undefined, folder: string): SecretSource | undefined {
  return place !== undefined && 'file' in place ? { file: resolve(folder, place.file) } : place;
}
