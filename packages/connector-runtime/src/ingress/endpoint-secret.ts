import { randomBytes } from 'node:crypto';
import type { ManifestReception } from '@org/connector-sdk';
import { RuntimeError } from '../types/errors.ts';
import { isEd25519Key, MIN_SECRET_BYTES } from './signature-check.ts';
import { standardWebhooksKey } from './signature-rule.ts';

type Verification = ManifestReception['verification'];

const NEW_SECRET_BYTES = 32;

/**
 * A new secret in the form that the scheme's senders expect.
 *
 * @throws RuntimeError `ENDPOINT_SECRET_TOO_SHORT` for `v1a`: its senders hold the private key, and give their public one.
 */
export function generateEndpointSecret(verification: Verification): string {
  const bytes = randomBytes(NEW_SECRET_BYTES);
  if (verification.scheme !== 'standard-webhooks') return bytes.toString('base64url');
  if (verification.version === 'v1') return `whsec_${bytes.toString('base64')}`;
  throw new RuntimeError(
    'ENDPOINT_SECRET_TOO_SHORT',
    'deliveries of this endpoint are signed with the sender’s own key (v1a): give its public key, whpk_…',
  );
}

/**
 * Refuses a secret that proves nothing, before the endpoint is made.
 *
 * @throws RuntimeError `ENDPOINT_SECRET_TOO_SHORT`
 */
export function requireUsableSecret(verification: Verification, secret: string): void {
  if (verification.scheme !== 'standard-webhooks') {
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) throw tooShort(`at least ${MIN_SECRET_BYTES} bytes`);
    return;
  }
  if (verification.version === 'v1') {
    const key = standardWebhooksKey(secret, 'whsec_');
    if (key === undefined || key.length < MIN_SECRET_BYTES) {
      throw tooShort(`whsec_ and the base64 of at least ${MIN_SECRET_BYTES} bytes`);
    }
    return;
  }
  const key = standardWebhooksKey(secret, 'whpk_');
  if (key === undefined || !isEd25519Key(key)) throw tooShort('whpk_ and the base64 of a sound Ed25519 public key');
}

function tooShort(needed: string): RuntimeError {
  return new RuntimeError(
    'ENDPOINT_SECRET_TOO_SHORT',
    `the secret could be guessed or is not of the scheme's form: give ${needed}, or none to have one made`,
  );
}
