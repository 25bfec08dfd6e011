import type { Manifest } from '@org/connector-sdk';
import { missingScopes, withoutScopes } from '../types/scopes.ts';
import { type Connection, UNFINISHED } from './connection.ts';

/** What is known of a credential without opening it. */
export interface CredentialFigures {
  readonly generation: number;
  /** ISO 8601; null: it is used until it is refused. */
  readonly expiresAt: string | null;
  /** Whether it can be renewed without a person. */
  readonly renewable: boolean;
  /** ISO 8601; null: at its next use, or never. */
  readonly renewsAt: string | null;
  readonly updatedAt: string;
  /** Of the last renewals, if they failed. */
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly since: string;
    readonly count: number;
  } | null;
}

export interface ConnectionHealth {
  /** `degraded`: it works, but not for everything, or not for ever. */
  readonly state: 'ready' | 'degraded' | 'reauth_required' | 'disabled';
  readonly reason: string | null;
  readonly nextStep: string | null;
  /** Scopes of the connector that the grant does not cover, and what cannot be used for that. */
  readonly missingScopes: readonly string[];
  readonly unusable: readonly string[];
}

type Known = Omit<ConnectionHealth, 'missingScopes' | 'unusable'>;

/** What an administrator should know of a connection, and do about it. Pure. */
export function connectionHealth(
  connection: Connection,
  credential: CredentialFigures | undefined,
  manifest: Manifest | undefined,
): ConnectionHealth {
  const missing = manifest ? missingScopes(manifest, connection.grantedScopes) : [];
  const unusable = manifest ? withoutScopes(manifest, missing) : [];
  const auth = manifest?.connection.auth[connection.auth];
  const again = auth?.kind === 'oauth2' && auth.grants.includes('authorization_code') ? AUTHORIZE : ROTATE;
  const known = stopped(connection, again) ??
    (manifest ? undefined : degraded('connector_not_enabled', 'enable an artifact of its connector')) ??
    failing(connection, credential) ??
    (missing.length > 0 ? degraded('scopes_missing', `${GRANT_SCOPES} ${unusable.join(', ')}`) : undefined) ??
    ending(credential, again) ?? { state: 'ready', reason: null, nextStep: null };
  return { ...known, missingScopes: missing, unusable };
}

const AUTHORIZE = 'authorize it: a person opens the link and agrees';
const ROTATE = 'give it a new credential';
const GRANT_SCOPES =
  'add the scopes to the app at the provider and authorize it again; until then it can’t be used for';

function stopped({ status, statusReason }: Connection, again: string): Known | undefined {
  if (status === 'ready') return undefined;
  const state = status;
  if (status === 'reauth_required') return { state, reason: statusReason ?? 'unknown', nextStep: again };
  if (statusReason === UNFINISHED)
    return { state, reason: UNFINISHED, nextStep: 'create it again, with the same name' };
  return { state, reason: statusReason ?? 'disabled_by_admin', nextStep: 'enable it' };
}

function failing({ lastTest }: Connection, credential: CredentialFigures | undefined): Known | undefined {
  if (!credential) return degraded('credential_missing', ROTATE);
  const { failure } = credential;
  if (failure) {
    return degraded(`renewal_failing: ${failure.code}`, `${failure.message}; it is tried again at its next use`);
  }
  if (lastTest?.error)
    return degraded(`test_failed: ${lastTest.error.code}`, `${lastTest.error.message}; then test it again`);
  return undefined;
}

/** Not renewed by itself, or without an end that is known: neither is fine for ever. */
function ending(credential: CredentialFigures | undefined, again: string): Known | undefined {
  if (!credential || credential.renewable || credential.expiresAt === null) return undefined;
  return degraded('no_refresh_token', `it ends at ${credential.expiresAt}; before that, ${again}`);
}

function degraded(reason: string, nextStep: string): Known {
  return { state: 'degraded', reason, nextStep };
}
