import { ActionError, type ConnectorError, isConnectorError } from '@org/connector-sdk';
import { bulkhead } from 'cockatiel';
import type { ConnectionKey } from '../types/authorization.ts';
import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import type { ResolveSecrets } from '../types/secret-reference.ts';
import { missingCredential, reauthRequired } from './connection-failures.ts';
import { factsOf } from './credential-facts.ts';
import type { CallAuth } from './ports.ts';
import type { CredentialRow, CredentialStore, RenewalFailure, RenewalWriter } from './postgres-credential-store.ts';
import { renewalGrant } from './renewal-grant.ts';
import { pauseAfter } from './renewal-schedule.ts';
import { GrantEndedError, requestToken, type TokenGrant } from './request-token.ts';
import type { StoredCredential } from './stored-credential.ts';
import { type DescribedConnection, type TokenParties, wantedScopes } from './token-parties.ts';
import type { Usable, UsableCredentials } from './usable-credentials.ts';

export interface Renewals {
  /**
   * Another credential than `generation`: one that somebody got meanwhile, or a new one.
   *
   * @throws `CREDENTIAL_*` | `CONNECTION_REAUTH_REQUIRED`, and what asking for it throws
   */
  renew(key: ConnectionKey, generation: number | undefined): Promise<Usable>;
}

interface RenewalPorts {
  readonly store: CredentialStore;
  readonly parties: TokenParties;
  readonly usable: UsableCredentials;
  readonly callAuth: CallAuth;
  readonly resolveSecrets: ResolveSecrets;
  readonly clock: Clock;
  readonly log: Log;
}

/** Renewals hold a database connection each while the provider thinks. */
const MAX_RENEWALS = 4;
const RECOVERIES_MS = [0, 500, 2_000, 8_000];

/** One request for a new credential, however many want it: here by a map, on other nodes by the row's lock. */
export function createRenewals(ports: RenewalPorts): Renewals {
  const { store, usable, clock, log } = ports;
  const running = new Map<string, Promise<Usable>>();
  const slots = bulkhead(MAX_RENEWALS, 10_000);

  async function renewOnce(key: ConnectionKey, generation: number | undefined): Promise<Usable> {
    const described = await ports.parties.describe(key);
    const before = await store.read(key);
    let got: { readonly after: number; readonly credential: StoredCredential } | undefined;
    const work = (row: CredentialRow | undefined, write: RenewalWriter) =>
      renewHeld(described, { row, write, generation, waitedSince: before }, (after, credential) => {
        got = { after, credential };
      });
    try {
      return await settle(key, described, await store.renew(key, work));
    } catch (error) {
      if (!got) throw error;
      return await recover(key, described, got, error);
    }
  }

  /** With the row held. Failures are values here: what is written about them has to commit. */
  async function renewHeld(
    described: DescribedConnection,
    { row, write, generation, waitedSince }: Held,
    onGot: (after: number, credential: StoredCredential) => void,
  ): Promise<Usable | CredentialRow | Error> {
    const { connection, auth } = described;
    if (row?.credential.auth !== connection.auth) throw missingCredential(connection.id);
    if (row.generation !== generation) {
      // Somebody else was faster: what they got is used.
      const known = await usable.open(connection, auth, row);
      if (known) return known;
    }
    if (row.status === 'reauth_required') throw reauthRequired(connection.id, 'its grant ended');
    const known = knownFailure(row, waitedSince, clock.now());
    if (known) throw known;
    let credential: StoredCredential;
    try {
      const ask = await prepare(described, row.credential);
      await write.requireHeld();
      credential = await ask();
    } catch (error) {
      // The only failure that changes a connection, and even it deletes nothing.
      if (error instanceof GrantEndedError) await write.end(error.message);
      else if (isConnectorError(error)) await write.fail(toFailure(error), new Date(clock.now()));
      else throw error;
      return error;
    }
    onGot(row.generation, credential);
    usable.keepSecret(connection.id, { credential, generation: row.generation + 1 });
    const facts = factsOf(connection.id, row.generation + 1, auth, credential);
    const granted = grantedBy(described, row.credential, credential);
    return { ...row, credential, generation: await write.save(credential, facts, granted) };
  }

  async function settle(
    key: ConnectionKey,
    { auth, connection }: DescribedConnection,
    outcome: Usable | CredentialRow | Error,
  ): Promise<Usable> {
    if (outcome instanceof GrantEndedError) {
      usable.forget(key.id);
      log.warn('a connection must be connected again', { ...idsOf(key), reason: outcome.message });
      throw reauthRequired(connection.id, outcome.message);
    }
    if (outcome instanceof Error) {
      log.warn('a credential could not be renewed', { ...idsOf(key), error: outcome });
      throw outcome;
    }
    if ('headers' in outcome) return outcome;
    const renewed = await usable.open(key, auth, outcome);
    if (renewed) return renewed;
    throw new RuntimeError(
      'CREDENTIAL_REFUSED',
      `the new credential of connection ${key.id} is about to expire already; check its lifetime at the provider`,
    );
  }

  /** The provider has ended the old token and the new one is nowhere but here: the database gets more than one chance. */
  async function recover(
    key: ConnectionKey,
    described: DescribedConnection,
    { after, credential }: { readonly after: number; readonly credential: StoredCredential },
    lost: unknown,
  ): Promise<Usable> {
    const facts = factsOf(key.id, after + 1, described.auth, credential);
    for (const waitMs of RECOVERIES_MS) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const saved = await store.recover(key, after, credential, facts).catch(() => undefined);
      if (saved === undefined) continue;
      log.warn('a renewed credential was saved in a second transaction', { ...idsOf(key), saved });
      const opened = saved ? await usable.open(key, described.auth, { credential, generation: after + 1 }) : undefined;
      if (opened) return opened;
      break;
    }
    log.error('a renewed credential could not be saved', { ...idsOf(key), error: lost });
    throw lost;
  }

  /** Everything that can fail before the provider is asked, then the asking itself. */
  async function prepare(
    described: DescribedConnection,
    credential: StoredCredential,
  ): Promise<() => Promise<StoredCredential>> {
    const { connection, digest, auth } = described;
    if (auth.kind === 'custom') {
      const secret = await ports.resolveSecrets(connection.tenantId, credential.secrets);
      const obtainedAt = clock.now();
      return async () => {
        const { headers, expiresAt } = await ports.callAuth({ connection, digest, auth, secret });
        return { ...credential, session: { headers, obtainedAt, expiresAt: Date.parse(expiresAt) } };
      };
    }
    if (auth.kind !== 'oauth2') throw missingCredential(connection.id);
    const grant = renewalGrant(auth, credential);
    if (grant === undefined) throw new GrantEndedError('there is no refresh token and no other grant');
    const asked = grantRequest(grant, described, credential);
    const party = await ports.parties.partyOf(described, credential);
    return async () => ({ ...credential, token: await requestToken(party, asked) });
  }

  return {
    renew(key, generation) {
      const place = `${key.tenantId}/${key.id}`;
      const shared = running.get(place);
      if (shared) return shared;
      const renewal = slots.execute(() => renewOnce(key, generation)).finally(() => running.delete(place));
      running.set(place, renewal);
      return renewal;
    },
  };
}

interface Held {
  readonly row: CredentialRow | undefined;
  readonly write: RenewalWriter;
  /** What shall be replaced. */
  readonly generation: number | undefined;
  readonly waitedSince: CredentialRow | undefined;
}

function grantRequest(grant: string, described: DescribedConnection, credential: StoredCredential): TokenGrant {
  const { token } = credential;
  if (grant === 'refresh_token' && token?.refreshToken !== undefined) {
    return { grant, refreshToken: token.refreshToken, scopes: token.scopes };
  }
  return {
    grant: grant === 'jwt_bearer' ? 'jwt_bearer' : 'client_credentials',
    scopes: wantedScopes(described, credential),
  };
}

/** What is new about what the grant covers: undefined is nothing, null all that was asked for. */
function grantedBy(
  described: DescribedConnection,
  before: StoredCredential,
  { token }: StoredCredential,
): readonly string[] | null | undefined {
  if (described.scopes === undefined || token?.scopes === undefined) return undefined;
  const isRefresh = token.grant === 'refresh_token';
  const asked = isRefresh ? before.token?.scopes : wantedScopes(described, before);
  if (JSON.stringify(asked) !== JSON.stringify(token.scopes)) return token.scopes;
  return isRefresh ? undefined : null;
}

/** Who waited for the row while another tried and failed has the answer; so has, for a while, whoever comes after some failures. */
function knownFailure(
  { failure, failures, failedAt, attempts, generation }: CredentialRow,
  waitedSince: CredentialRow | undefined,
  now: number,
): ActionError | undefined {
  if (!failure || !failedAt) return undefined;
  const failedMeanwhile = waitedSince?.generation === generation && waitedSince.attempts < attempts;
  if (!failedMeanwhile && now >= failedAt.getTime() + pauseAfter(failures)) return undefined;
  const kind = failure.retryable ? 'retryable' : 'failed';
  return new ActionError(failure.code, failure.message, { kind, details: { failures } });
}

function toFailure(error: ConnectorError): RenewalFailure {
  const passes = error instanceof ActionError ? error.kind === 'retryable' : PASSING.test(error.code);
  return { code: error.code, message: error.message, retryable: passes };
}

const PASSING = /^(?:EGRESS_(?:FAILED|TIMEOUT)|(?:KEY_SERVICE|SECRET_REFERENCE)_UNAVAILABLE|HOST_(?!DENIED))/;

function idsOf({ id, tenantId }: ConnectionKey) {
  return { connectionId: id, tenantId };
}
