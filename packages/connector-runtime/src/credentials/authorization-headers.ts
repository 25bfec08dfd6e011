import type { ManifestAuth } from '@org/connector-sdk';
import { basicPair, type StoredCredential } from './stored-credential.ts';

/** Before an expiry, a credential is renewed so that it does not end in the middle of a call. */
const EARLY_MS = 60_000;

export interface UsableHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 until which they may be used. */
  readonly usableUntil: number;
}

/** The headers that a credential gives right now; undefined when something has to be fetched first. */
export function usableHeaders(
  auth: ManifestAuth,
  credential: StoredCredential,
  now: number,
): UsableHeaders | undefined {
  const { secrets, token, session } = credential;
  switch (auth.kind) {
    case 'basic':
      return forever({ authorization: `Basic ${basicPair(secrets)}` });
    case 'api_key':
      return forever({ [auth.header.toLowerCase()]: `${auth.prefix ?? ''}${secrets.key ?? ''}` });
    case 'oauth2':
      if (!token || token.accessToken === '') return undefined;
      return until({ authorization: `Bearer ${token.accessToken}` }, token.expiresAt, now);
    case 'custom':
      return session && until(session.headers, session.expiresAt, now);
  }
}

function forever(headers: Readonly<Record<string, string>>): UsableHeaders {
  return { headers, usableUntil: Number.POSITIVE_INFINITY };
}

function until(
  headers: Readonly<Record<string, string>>,
  expiresAt: number | undefined,
  now: number,
): UsableHeaders | undefined {
  if (expiresAt === undefined) return forever(headers);
  const usableUntil = expiresAt - EARLY_MS;
  return usableUntil > now ? { headers, usableUntil } : undefined;
}
