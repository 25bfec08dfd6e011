import { resolve } from 'node:path';
import { z } from 'zod';
import type { HashicorpVaultOptions } from './hashicorp-vault.ts';
import type { AwsSecretsOptions } from './secret-references/index.ts';
import type { SecretSource } from './secret-source.ts';
import { Secret } from './types/secret.ts';
import type { AwsKmsWrapperOptions, KeyWrapper } from './vault/index.ts';

/** A key of HashiCorp Vault's or OpenBao's transit engine. */
export interface TransitKey extends HashicorpVaultOptions {
  readonly key: string;
  /** Default `transit`. */
  readonly mount?: string | undefined;
  /** True for a key made with `derived=true`. */
  readonly derived?: boolean | undefined;
}

type KeyService =
  | { readonly transit: TransitKey }
  | { readonly awsKms: AwsKmsWrapperOptions }
  | { readonly wrapper: KeyWrapper };

/** What wraps tenants' keys: 32 random bytes (as base64: given, in a file, in a variable), or a key service. */
export type MasterKeyConfig = string | SecretSource | KeyService;

/** A checked one: paths are absolute, and what was given can't be printed. */
export type MasterKey = Secret | SecretSource | KeyService;

const EXAMPLE =
  'must be the base64 of 32 bytes (generate one with "openssl rand -base64 32"), or where it is: { file }, { env }, { transit: { address, key, token } }, { awsKms: { keyId, region } } or { wrapper }';

const text = z.string().min(1).max(1000);
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);
const source = z.union([z.strictObject({ file: text }), z.strictObject({ env: variable })]);
const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** An origin, over TLS unless it is this machine. */
const address = z
  .url({ protocol: /^https?$/ })
  .refine((url) => new URL(url).protocol === 'https:' || loopback.has(new URL(url).hostname))
  .refine((url) => new URL(url).pathname === '/' && !/[?#@]/.test(url));

const hashicorpVault = z.strictObject({
  address,
  token: source,
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_./-]{1,200}$/)
    .optional(),
  caFile: text.optional(),
});

const pathPart = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/;

const wrapper = z.custom<KeyWrapper>((value) => {
  const { id, wrap, unwrap } = (value ?? {}) as Partial<Record<keyof KeyWrapper, unknown>>;
  return typeof id === 'string' && id !== '' && typeof wrap === 'function' && typeof unwrap === 'function';
});

export const masterKey = z.union(
  [
    z
      .string()
      .refine(
        (key) => Buffer.from(key, 'base64').length === 32 && Buffer.from(key, 'base64').toString('base64') === key,
      ),
    z.strictObject({ file: text }),
    z.strictObject({ env: variable }),
    z.strictObject({
      transit: hashicorpVault.extend({
        key: z.string().regex(pathPart),
        mount: z.string().regex(pathPart).optional(),
        derived: z.boolean().optional(),
      }),
    }),
    z.strictObject({ awsKms: z.strictObject({ keyId: text, region: text, endpoint: z.url().optional() }) }),
    z.strictObject({ wrapper }),
  ],
  EXAMPLE,
);

/** Where references of tenants (`{ ref: 'vault:…' }`) are read. Variables and files need nothing here. */
export interface SecretReferencesConfig {
  /** For `vault:` references: KV engines of version 2. */
  readonly vault?: HashicorpVaultOptions | undefined;
  /** For `aws-secretsmanager:` references. */
  readonly awsSecretsManager?: AwsSecretsOptions | undefined;
}

export const secretReferences = z
  .strictObject({
    vault: hashicorpVault.optional(),
    awsSecretsManager: z.strictObject({ region: text, endpoint: z.url().optional() }).optional(),
  })
  .default({});

export function toSecretReferences({ vault, ...rest }: SecretReferencesConfig, folder: string): SecretReferencesConfig {
  return vault === undefined ? rest : { ...rest, vault: withPaths(vault, folder) };
}

/** Paths are relative to the config file's folder. */
export function toMasterKey(key: z.infer<typeof masterKey>, folder: string): MasterKey {
  if (typeof key === 'string') return new Secret(key);
  if ('file' in key) return { file: resolve(folder, key.file) };
  if ('transit' in key) return { transit: { ...key.transit, ...withPaths(key.transit, folder) } };
  return key;
}

function withPaths(vault: HashicorpVaultOptions, folder: string): HashicorpVaultOptions {
  const { token, caFile } = vault;
  return {
    ...vault,
    token: 'file' in token ? { file: resolve(folder, token.file) } : token,
    ...(caFile === undefined ? {} : { caFile: resolve(folder, caFile) }),
  };
}
