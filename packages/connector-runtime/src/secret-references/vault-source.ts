import { missing, unavailable } from './failures.ts';
import type { ParsedReference } from './parse-reference.ts';

type VaultReference = Extract<ParsedReference, { scheme: 'vault' }>;

/** A HashiCorp Vault or OpenBao server, as far as its KV engine is needed. */
export interface KeyValueApi {
  /** Any answer, also a refusal. Rejects with `SECRET_REFERENCE_UNAVAILABLE` when there is none. */
  request(method: 'GET', path: string): Promise<{ readonly status: number; readonly body: unknown }>;
}

/**
 * The newest version of a secret in a KV engine of version 2, mounted at the path's first part
 * (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2).
 */
export async function readVaultReference(reference: VaultReference, api: KeyValueApi): Promise<string> {
  const [mount = '', ...path] = reference.path.split('/');
  const { status, body } = await api.request('GET', `${mount}/data/${path.join('/')}`);
  if (status === 404) throw missing(reference, 'is not in the vault, or its newest version was deleted');
  if (status === 403)
    throw unavailable(reference, 'the vault refused the token; check that it is valid and may read it');
  if (status === 503) throw unavailable(reference, 'the vault is sealed or in standby');
  if (status !== 200) throw unavailable(reference, `the vault answered ${status}`);
  const value = memberOf(memberOf(memberOf(body, 'data'), 'data'), reference.field);
  if (typeof value === 'string') return value;
  throw missing(reference, `has no text in its field "${reference.field}"`);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
