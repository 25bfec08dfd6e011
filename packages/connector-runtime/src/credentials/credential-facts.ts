import type { ManifestAuth } from '@org/connector-sdk';
import type { CredentialFacts } from './postgres-credential-store.ts';
import { renewalGrant } from './renewal-grant.ts';
import { softEnd, spreadOf } from './renewal-schedule.ts';
import type { StoredCredential } from './stored-credential.ts';

/**
 * What is told of a credential beside its sealed form. Only a refresh token is used in the background: it may end when it lies
 * idle. What a client gets in its own name is fetched at the next use.
 */
export function factsOf(
  connectionId: string,
  generation: number,
  auth: ManifestAuth,
  credential: StoredCredential,
): CredentialFacts {
  if (auth.kind === 'custom') {
    return { expiresAt: credential.session?.expiresAt ?? null, renewable: true, renewAt: null };
  }
  if (auth.kind !== 'oauth2') return { expiresAt: null, renewable: false, renewAt: null };
  const { token } = credential;
  const grant = renewalGrant(auth, credential);
  const expiresAt = token?.expiresAt ?? null;
  const isBackground = grant === 'refresh_token' && expiresAt !== null && token !== undefined;
  return {
    expiresAt,
    renewable: grant !== undefined,
    renewAt: isBackground ? softEnd(expiresAt, token.obtainedAt, spreadOf(connectionId, generation)) : null,
  };
}

/** Why a person is needed before it can be used at all; null when none is. */
export function reauthReason(auth: ManifestAuth, credential: StoredCredential): string | null {
  if (auth.kind !== 'oauth2') return null;
  if (credential.token || credential.secrets.accessToken !== undefined) return null;
  return renewalGrant(auth, credential) === undefined ? NOT_AUTHORIZED : null;
}

/** A client that nobody has agreed to yet. */
const NOT_AUTHORIZED = 'not_authorized';
