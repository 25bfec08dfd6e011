import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { canonicalJson } from '@org/connector-sdk';
import { sql } from 'kysely';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';

/** Where a sealed value belongs. It opens there and nowhere else: rows can't be swapped, nor older ones put back. */
interface SealContext {
  readonly tenantId: string;
  /** A connection or an endpoint. */
  readonly ownerId: string;
  readonly field: string;
  readonly generation: number;
}

export interface Vault {
  seal(context: SealContext, text: string): Promise<Buffer>;
  /** Throws `CREDENTIAL_UNREADABLE`. */
  open(context: SealContext, sealed: Buffer): Promise<string>;
  sealEndpointSecrets(
    endpoint: { readonly id: string; readonly tenantId: string },
    secrets: readonly string[],
  ): Promise<Buffer>;
  openEndpointSecrets(endpoint: {
    readonly id: string;
    readonly tenantId: string;
    readonly sealedSecrets: Buffer;
  }): Promise<readonly Secret[]>;
}

const ALGORITHM = 'aes-256-gcm';
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_CACHED_KEYS = 1000;

/**
 * Envelope encryption: a random key per tenant, wrapped by the deployment's master key, seals that tenant's secrets.
 * @throws RuntimeError `CONFIG_INVALID` when the master key is not 32 bytes in base64.
 */
export function createVault({ db, masterKey }: { readonly db: Db; readonly masterKey: Secret }): Vault {
  const master = parseMasterKey(masterKey);
  const keys = new Map<string, Promise<Buffer>>();

  async function keyOf(tenantId: string): Promise<Buffer> {
    const known = keys.get(tenantId);
    if (known) return known;
    const loading = loadKey(tenantId);
    keys.set(tenantId, loading);
    loading.catch(() => keys.delete(tenantId));
    const [oldest] = keys.keys();
    if (keys.size > MAX_CACHED_KEYS && oldest !== undefined) keys.delete(oldest);
    return loading;
  }

  async function loadKey(tenantId: string): Promise<Buffer> {
    const context = ['tenant-key', tenantId];
    const wrapped = (await findKey(tenantId)) ?? (await insertKey(tenantId, encrypt(master, context, randomBytes(32))));
    const key = decrypt(master, context, wrapped);
    if (key) return key;
    throw new RuntimeError(
      'CREDENTIAL_UNREADABLE',
      `the key of tenant ${tenantId} does not open with this master key; start with the one it was made with`,
      { details: { tenantId } },
    );
  }

  async function findKey(tenantId: string): Promise<Buffer | undefined> {
    const row = await db
      .selectFrom('connector.tenant_keys')
      .select('wrapped_key')
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst();
    return row?.wrapped_key;
  }

  /** Whoever comes first makes the key; the others use that one. */
  async function insertKey(tenantId: string, wrapped: Buffer): Promise<Buffer> {
    await sql`insert into connector.tenant_keys (tenant_id, wrapped_key) values (${tenantId}, ${wrapped})
      on conflict (tenant_id) do nothing`.execute(db);
    return (await findKey(tenantId)) ?? wrapped;
  }

  const vault: Vault = {
    async seal(context, text) {
      return encrypt(await keyOf(context.tenantId), aad(context), Buffer.from(text));
    },
    async open(context, sealed) {
      const opened = decrypt(await keyOf(context.tenantId), aad(context), sealed);
      if (opened) return opened.toString('utf8');
      throw new RuntimeError(
        'CREDENTIAL_UNREADABLE',
        `the ${context.field} of ${context.ownerId} does not open: it was changed, or sealed for another place; store it again`,
        { details: { ownerId: context.ownerId } },
      );
    },
    sealEndpointSecrets: ({ id, tenantId }, secrets) =>
      vault.seal(endpointContext(id, tenantId), JSON.stringify(secrets)),
    async openEndpointSecrets({ id, tenantId, sealedSecrets }) {
      const secrets = JSON.parse(await vault.open(endpointContext(id, tenantId), sealedSecrets)) as string[];
      return secrets.map((secret) => new Secret(secret));
    },
  };
  return vault;
}

function parseMasterKey(masterKey: Secret): Buffer {
  const text = masterKey.reveal();
  const key = Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]{43}=$/.test(text) && key.length === 32) return key;
  throw new RuntimeError(
    'CONFIG_INVALID',
    'the master key must be 32 random bytes in base64 (`openssl rand -base64 32`)',
  );
}

function endpointContext(id: string, tenantId: string): SealContext {
  return { tenantId, ownerId: id, field: 'endpoint-secrets', generation: 0 };
}

function aad({ tenantId, ownerId, field, generation }: SealContext): readonly unknown[] {
  return ['sealed', tenantId, ownerId, field, generation];
}

/** Format byte, nonce, ciphertext, tag. The nonce is random: a tenant's key seals far fewer than 2^32 values. */
function encrypt(key: Buffer, context: readonly unknown[], plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(canonicalJson([FORMAT, ...context])));
  return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, context: readonly unknown[], sealed: Buffer): Buffer | undefined {
  if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES || sealed[0] !== FORMAT) return undefined;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const tag = sealed.subarray(sealed.length - TAG_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(canonicalJson([FORMAT, ...context])))
    .setAuthTag(tag);
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES)),
      decipher.final(),
    ]);
  } catch {
    return undefined;
  }
}
