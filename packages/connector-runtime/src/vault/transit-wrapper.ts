import { canonicalJson } from '@org/connector-sdk';
import { RuntimeError } from '../types/errors.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';

/** A HashiCorp Vault or OpenBao server, as far as its transit engine is needed. */
export interface TransitApi {
  readonly address: string;
  /** Any answer, also a refusal. Rejects with `KEY_SERVICE_*` when there is none, or no token to ask with. */
  request(method: 'POST', path: string, body: object): Promise<{ readonly status: number; readonly body: unknown }>;
}

export interface TransitWrapperOptions {
  readonly api: TransitApi;
  /** Of the key. It must exist; give the token `update` on `encrypt` and `decrypt` (and `rewrap`) of it, and nothing else. */
  readonly key: string;
  /** Where the engine is mounted. Default `transit`. */
  readonly mount?: string | undefined;
  /** True for a key made with `derived=true`: tenant and version are then its derivation context. */
  readonly derived?: boolean | undefined;
}

const CIPHERTEXT = /^vault:v(\d{1,9}):[A-Za-z0-9+/]+={0,2}$/;

/**
 * Wraps by the transit engine (https://developer.hashicorp.com/vault/api-docs/secret/transit). Tenant and version are bound to
 * what it wraps: as associated data, or as derivation context.
 */
export function createTransitWrapper({
  api,
  key,
  mount = 'transit',
  derived = false,
}: TransitWrapperOptions): KeyWrapper {
  const place = `${api.address}, ${mount}/${key}`;
  const binding = (context: KeyContext) => {
    const bound = Buffer.from(canonicalJson(['tenant-key', context.tenantId, context.version])).toString('base64');
    return derived ? { context: bound } : { associated_data: bound };
  };

  async function ask(operation: 'encrypt' | 'decrypt' | 'rewrap', body: object): Promise<string | undefined> {
    const answer = await api.request('POST', `${mount}/${operation}/${key}`, body);
    if (answer.status !== 200) return refuse(answer.status, answer.body, place);
    const field = operation === 'decrypt' ? 'plaintext' : 'ciphertext';
    const value = memberOf(memberOf(answer.body, 'data'), field);
    if (typeof value === 'string' && (operation === 'decrypt' || CIPHERTEXT.test(value))) return value;
    throw unavailable(place, 'answered with something that is no transit answer');
  }

  async function encrypt(plain: Buffer, context: KeyContext): Promise<string> {
    const ciphertext = await ask('encrypt', { plaintext: plain.toString('base64'), ...binding(context) });
    if (ciphertext !== undefined) return ciphertext;
    throw refused(place, 'refused to encrypt; check the key’s type (aes256-gcm96) and whether it is derived');
  }

  return {
    id: `transit:${api.address}/${mount}/${key}`,
    wrap: async (plain, context) => Buffer.from(await encrypt(plain, context)),
    async unwrap(wrapped, context) {
      const ciphertext = wrapped.toString('utf8');
      if (!CIPHERTEXT.test(ciphertext)) return undefined;
      const plaintext = await ask('decrypt', { ciphertext, ...binding(context) });
      const plain = plaintext === undefined ? undefined : Buffer.from(plaintext, 'base64');
      return plain?.length === 32 ? plain : undefined;
    },
    async isNewest(wrapped) {
      // Only what it wraps now says which version is the newest, without a right to read the key's settings.
      const [, newest] = CIPHERTEXT.exec(await encrypt(Buffer.alloc(32), { tenantId: 'none', version: 0 })) ?? [];
      return CIPHERTEXT.exec(wrapped.toString('utf8'))?.[1] === newest;
    },
    // The engine's rewrap takes no associated data, and so can't open what is bound by it.
    ...(derived ? { rewrap } : {}),
  };

  async function rewrap(wrapped: Buffer, context: KeyContext): Promise<Buffer> {
    const ciphertext = await ask('rewrap', { ciphertext: wrapped.toString('utf8'), ...binding(context) });
    if (ciphertext !== undefined) return Buffer.from(ciphertext);
    throw refused(place, 'refused to rewrap a key that it should have wrapped');
  }
}

/** Undefined for a ciphertext that does not open. What the server said is read, and not repeated. */
function refuse(status: number, body: unknown, place: string): undefined {
  const errors = memberOf(body, 'errors');
  const said = Array.isArray(errors) ? errors.join('\n') : '';
  if (status === 400) {
    if (/message authentication failed|invalid ciphertext|unable to decrypt/i.test(said)) return undefined;
    if (/too old/i.test(said)) throw refused(place, 'no longer opens this version of its key (min_decryption_version)');
    if (/key not found/i.test(said)) throw refused(place, 'has no such key; create it');
    throw refused(place, 'refused the request as invalid; check the key’s type and whether it is derived');
  }
  if (status === 403) throw refused(place, 'refused the token; check that it is valid and may use the key');
  if (status === 404) throw refused(place, 'has no such engine or key; check mount, key and namespace');
  if (status === 503) throw unavailable(place, 'is sealed or in standby');
  if (status === 429) throw unavailable(place, 'limits requests just now');
  if (status >= 500 || status === 412 || status === 472 || status === 473)
    throw unavailable(place, `answered ${status}`);
  throw refused(place, `answered ${status}`);
}

function unavailable(place: string, why: string): RuntimeError {
  return new RuntimeError('KEY_SERVICE_UNAVAILABLE', `the key service (${place}) ${why}; try again later`, {
    details: { place },
  });
}

function refused(place: string, why: string): RuntimeError {
  return new RuntimeError('KEY_SERVICE_REFUSED', `the key service (${place}) ${why}`, { details: { place } });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
