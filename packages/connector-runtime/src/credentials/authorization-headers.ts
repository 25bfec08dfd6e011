import type { ManifestAuth } from '@org/connector-sdk';
import { hardEnd, softEnd } from './renewal-schedule.ts';
import { basicPair, type StoredCredential } from './stored-credential.ts';

export interface UsableHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 until which they may be used. */
  readonly usableUntil: number;
  /** From then on they are renewed while they still work. */
  readonly renewFrom: number;
}

/** The headers that a credential gives right now; undefined when something has to be fetched first. */
export function usableHeaders(
  auth: ManifestAuth,
  credential: Pick<StoredCredential, 'token' | 'session'> & { readonly secrets: Readonly<Record<string, string>> },
  now: number,
  spread: number,
): UsableHeaders | undefined {
  const { secrets, token, session } = credential;
  switch (auth.kind) {
    case 'basic':
      return forever({ authorization: `Basic ${basicPair(secrets.username ?? '', secrets.password ?? '')}` });
    case 'api_key':
      return forever({ [auth.header.toLowerCase()]: `${auth.prefix ?? ''}${secrets.key ?? ''}` });
    case 'oauth2': {
      const accessToken = token?.accessToken || secrets.accessToken;
      if (!accessToken) return undefined;
      return until({ authorization: `Bearer ${accessToken}` }, token ?? {}, now, spread);
    }
    case 'custom':
      return session && until(session.headers, session, now, spread);
  }
}

function forever(headers: Readonly<Record<string, string>>): UsableHeaders {
  return { headers, usableUntil: Number.POSITIVE_INFINITY, renewFrom: Number.POSITIVE_INFINITY };
}

function until(
  headers: Readonly<Record<string, string>>,
  { expiresAt, obtainedAt }: { readonly expiresAt?: number; readonly obtainedAt?: number },
  now: number,
  spread: number,
): UsableHeaders | undefined {
  if (expiresAt === undefined) return forever(headers);
  const usableUntil = hardEnd(expiresAt, obtainedAt);
  return usableUntil > now ? { headers, usableUntil, renewFrom: softEnd(expiresAt, obtainedAt, spread) } : undefined;
}
