import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type LoopbackServer, serveLoopback } from './loopback-server.ts';

/** A key of the transit engine; rotating adds a version. */
export interface TransitKeyState {
  readonly versions: Buffer[];
  readonly derived: boolean;
  minDecryptionVersion: number;
}

export interface VaultServer extends LoopbackServer {
  readonly token: string;
  readonly keys: Map<string, TransitKeyState>;
  /** KV version 2, mounted at `secret`: by path. */
  readonly secrets: Map<string, Record<string, unknown>>;
  /** When set, every request is answered with it. */
  fails: { status: number; errors?: string[] } | 'hang-up' | undefined;
}

/**
 * What HashiCorp Vault and OpenBao answer, as their documentation and source say: transit's encrypt, decrypt and rewrap, and
 * reading KV version 2. Rewrap takes no associated data, as theirs takes none.
 */
export async function serveVault(
  options: { readonly namespace?: string; readonly server?: Parameters<typeof serveLoopback>[1] } = {},
): Promise<VaultServer> {
  const token = `hvs.${randomBytes(24).toString('base64url')}`;
  const keys = new Map<string, TransitKeyState>();
  const secrets = new Map<string, Record<string, unknown>>();
  const vault: { fails: VaultServer['fails'] } = { fails: undefined };
  const answer = (method: string, path: string, headers: IncomingHttpHeaders, body: string): VaultAnswer => {
    if (vault.fails && vault.fails !== 'hang-up') return [vault.fails.status, { errors: vault.fails.errors ?? [] }];
    if (headers['x-vault-token'] !== token) return denied;
    if ((headers['x-vault-namespace'] ?? '') !== (options.namespace ?? '')) return notFound;
    const [, operation, name = ''] = /^\/v1\/transit\/(encrypt|decrypt|rewrap)\/([\w-]+)$/.exec(path) ?? [];
    if (operation !== undefined && method === 'POST') {
      return answerTransit(keys.get(name), operation, JSON.parse(body));
    }
    const [, secret = ''] = /^\/v1\/secret\/data\/(.+)$/.exec(path) ?? [];
    const data = secrets.get(secret);
    if (method !== 'GET' || data === undefined) return notFound;
    return [200, { data: { data, metadata: { version: 1, destroyed: false, deletion_time: '' } } }];
  };
  const server = await serveLoopback(({ method, path, headers, body, socket }, response) => {
    if (vault.fails === 'hang-up') {
      socket.destroy();
      return;
    }
    const [status, json] = answer(method, path, headers, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  }, options.server);
  return Object.assign(vault, server, { token, keys, secrets });
}

type VaultAnswer = readonly [status: number, body: object];

const denied: VaultAnswer = [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }];
const notFound: VaultAnswer = [404, { errors: [] }];
const invalid = (error: string): VaultAnswer => [400, { errors: [error] }];

export function newTransitKey(over: Partial<TransitKeyState> = {}): TransitKeyState {
  return { versions: [randomBytes(32)], derived: false, minDecryptionVersion: 1, ...over };
}

interface TransitBody {
  readonly plaintext?: string;
  readonly ciphertext?: string;
  readonly associated_data?: string;
  readonly context?: string;
}

function answerTransit(key: TransitKeyState | undefined, operation: string, body: TransitBody): VaultAnswer {
  // With `update` and without `create`, encrypting with a key that is not there is forbidden rather than creating it.
  if (key === undefined) return operation === 'encrypt' ? denied : invalid('encryption key not found');
  if (key.derived && !body.context) return invalid('missing context for key derivation');
  const associated = operation === 'rewrap' ? '' : (body.associated_data ?? '');
  const seal = (plaintext: string): VaultAnswer => {
    const version = key.versions.length;
    const ciphertext = `vault:v${version}:${encrypt(keyAt(key, version, body.context), plaintext, associated)}`;
    return [200, { data: { ciphertext, key_version: version } }];
  };
  if (operation === 'encrypt') return seal(body.plaintext ?? '');
  const [, version = '0', sealed = ''] = /^vault:v(\d+):(.*)$/.exec(body.ciphertext ?? '') ?? [];
  if (sealed === '') return invalid('invalid ciphertext: no prefix');
  if (Number(version) > key.versions.length) return invalid('invalid ciphertext: version is too new');
  if (Number(version) < key.minDecryptionVersion) {
    return invalid('ciphertext or signature version is disallowed by policy (too old)');
  }
  const plaintext = decrypt(keyAt(key, Number(version), body.context), sealed, associated);
  if (plaintext === undefined) return invalid('cipher: message authentication failed');
  return operation === 'rewrap' ? seal(plaintext) : [200, { data: { plaintext } }];
}

function keyAt({ versions, derived }: TransitKeyState, version: number, context = ''): Buffer {
  const key = versions[version - 1] ?? Buffer.alloc(32);
  return derived ? Buffer.from(hkdfSync('sha256', key, '', Buffer.from(context, 'base64'), 32)) : key;
}

function encrypt(key: Buffer, plaintext: string, associated: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated, 'base64'));
  const body = Buffer.concat([cipher.update(Buffer.from(plaintext, 'base64')), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64');
}

function decrypt(key: Buffer, sealed: string, associated: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
    .setAAD(Buffer.from(associated, 'base64'))
    .setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('base64');
  } catch {
    return undefined;
  }
}
