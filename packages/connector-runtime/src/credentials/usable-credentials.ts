import type { ManifestAuth } from '@org/connector-sdk';
import type { ConnectionKey } from '../types/authorization.ts';
import type { Clock } from '../types/clock.ts';
import type { ResolveSecrets } from '../types/secret-reference.ts';
import { usableHeaders } from './authorization-headers.ts';
import { createLiveSecrets } from './live-secrets.ts';
import type { SecretRegister } from './ports.ts';
import { spreadOf } from './renewal-schedule.ts';
import { type StoredCredential, secretValues } from './stored-credential.ts';

export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  /** Names the credential they came from; rises with each renewal. */
  readonly generation: number;
}

export interface Usable extends Authorization {
  /** True when it should be renewed, although it still works. */
  readonly isAging: boolean;
}

export interface UsableCredentials {
  /** Used a moment ago. */
  recent(key: ConnectionKey): Usable | undefined;
  /** What the credential gives right now, remembered; undefined when something has to be fetched first. */
  open(key: ConnectionKey, auth: ManifestAuth, row: Opened): Promise<Usable | undefined>;
  forget(connectionId: string): void;
  /** Its values are secret from now on. */
  keepSecret(connectionId: string, row: Opened): void;
}

interface Opened {
  readonly credential: StoredCredential;
  readonly generation: number;
}

interface Cached extends Authorization {
  readonly tenantId: string;
  readonly usableUntil: number;
  readonly renewFrom: number;
}

/** How long another node's change of a credential may go unnoticed while the old one still works. */
const CACHE_MS = 5_000;
const MAX_CACHED = 10_000;

/** Headers that were made from credentials, for a moment. */
export function createUsableCredentials(ports: {
  readonly clock: Clock;
  readonly scrubber: SecretRegister;
  readonly resolveSecrets: ResolveSecrets;
}): UsableCredentials {
  const { clock } = ports;
  const live = createLiveSecrets(ports.scrubber);
  const cache = new Map<string, Cached>();

  function toUsable({ headers, generation, renewFrom }: Cached): Usable {
    return { headers, generation, isAging: renewFrom <= clock.now() };
  }

  const usable: UsableCredentials = {
    recent({ id, tenantId }) {
      const cached = cache.get(id);
      return cached?.tenantId === tenantId && cached.usableUntil > clock.now() ? toUsable(cached) : undefined;
    },

    async open({ id, tenantId }, auth, { credential, generation }) {
      usable.keepSecret(id, { credential, generation });
      const needsSecrets = auth.kind !== 'custom' && !credential.token?.accessToken;
      const secrets = needsSecrets ? await ports.resolveSecrets(tenantId, credential.secrets) : {};
      const now = clock.now();
      const given = usableHeaders(auth, { ...credential, secrets }, now, spreadOf(id, generation));
      if (!given) return undefined;
      const { headers, renewFrom } = given;
      const cached = {
        tenantId,
        headers,
        generation,
        renewFrom,
        usableUntil: Math.min(given.usableUntil, now + CACHE_MS),
      };
      cache.delete(id);
      cache.set(id, cached);
      const [oldest] = cache.keys();
      if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
      return toUsable(cached);
    },

    forget: (connectionId) => void cache.delete(connectionId),

    keepSecret: (connectionId, { credential, generation }) =>
      live.keep(connectionId, generation, secretValues(credential)),
  };
  return usable;
}
