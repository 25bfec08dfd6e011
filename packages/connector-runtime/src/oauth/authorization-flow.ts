import { isConnectorError } from '@org/connector-sdk';
import * as oauth from 'oauth4webapi';
import { v7 as uuidv7 } from 'uuid';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import { RuntimeError, type RuntimeErrorCode } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import type { Sealer } from '../types/sealer.ts';
import type { AuthorizedConnections, GrantKeeper } from './ports.ts';
import type { OAuthSession, OAuthSessionStore } from './postgres-session-store.ts';

export interface AuthorizationFlow {
  /**
   * A link at which a person agrees. It works once, for ten minutes, for this connection and its registration as they are now.
   *
   * @throws `CONNECTION_UNKNOWN` | `CONNECTION_DISABLED` | `OAUTH_UNSUPPORTED` | `OAUTH_DISCOVERY_FAILED` | `CREDENTIAL_MISSING`
   */
  begin(request: BeginAuthorization): Promise<BegunAuthorization>;
  /** What a browser brought back becomes a grant. Throws `OAUTH_*`, and what the token request throws; then nothing is stored. */
  complete(answer: ReturnedAnswer): Promise<{ readonly tenantId: string; readonly connectionId: string }>;
}

interface BeginAuthorization {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly by: string;
  /** A secret of the browser that begins it, which that browser also has in a cookie: then no other one may end it. */
  readonly browser?: string | undefined;
}

export interface BegunAuthorization {
  readonly url: string;
  /** To be registered at the provider, exactly so. */
  readonly redirectUri: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface ReturnedAnswer {
  readonly params: URLSearchParams;
  /** The last part of the path it came to; undefined at the path without one. */
  readonly server: string | undefined;
  readonly browser: string | undefined;
}

interface FlowPorts {
  readonly sessions: OAuthSessionStore;
  readonly grants: GrantKeeper;
  readonly connections: AuthorizedConnections;
  readonly vault: Sealer;
  readonly publicUrl: string;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
}

const LIFETIME_MS = 600_000;

/** Authorization code with PKCE (RFC 6749, 7636, 9207, 9700): what begins and what ends it share one row, used once. */
export function createAuthorizationFlow(ports: FlowPorts): AuthorizationFlow {
  const { sessions, grants, connections, vault, clock, log } = ports;

  async function accept(session: OAuthSession, { params, server }: ReturnedAnswer, state: string): Promise<void> {
    const { tenantId, connectionId, redirectUri, registrationHash, scopes } = session;
    if (callbackUrl(ports.publicUrl, server) !== redirectUri) {
      throw refused('OAUTH_REDIRECT_MISMATCH', 'the answer came to the address of another authorization server');
    }
    requireEnabled(await connections.connection(tenantId, connectionId), connectionId);
    const verifier = await vault.open(contextOf(session), session.sealedVerifier);
    await grants.acceptAnswer(
      { id: connectionId, tenantId },
      { params, state, redirectUri, verifier, registrationHash, scopes: scopes ?? undefined, by: session.startedBy },
    );
  }

  /** The one who began it is told in the audit: the browser is told nothing. */
  async function recordFailure(session: OAuthSession, error: unknown): Promise<void> {
    const code = isConnectorError(error) ? error.code : 'ADMIN_FAILED';
    log.warn('an authorization failed', { connectionId: session.connectionId, tenantId: session.tenantId, error });
    await ports.audit.record({
      tenantId: session.tenantId,
      kind: 'connection.authorization_failed',
      actor: session.startedBy,
      subject: `connection:${session.connectionId}`,
      details: { session: session.id, code, ...(isConnectorError(error) ? { reason: error.message } : {}) },
    });
  }

  return {
    async begin({ tenantId, connectionId, by, browser }) {
      requireEnabled(await connections.connection(tenantId, connectionId), connectionId);
      const request = await grants.authorizationRequest({ id: connectionId, tenantId });
      const id = uuidv7({ msecs: clock.now() });
      const state = oauth.generateRandomState();
      const verifier = oauth.generateRandomCodeVerifier();
      // A server that names itself in each answer can't be taken for another; any other has an address of its own here.
      const redirectUri = callbackUrl(ports.publicUrl, request.namesItself ? undefined : request.serverHost);
      const expiresAt = new Date(clock.now() + LIFETIME_MS);
      await sessions.insert({
        id,
        tenantId,
        connectionId,
        state,
        browser,
        registrationHash: request.registrationHash,
        redirectUri,
        scopes: request.scopes ?? null,
        sealedVerifier: await vault.seal(contextOf({ id, tenantId }), verifier),
        startedBy: by,
        startedAt: new Date(clock.now()),
        expiresAt,
      });
      const url = authorizationUrl(request, {
        redirect_uri: redirectUri,
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      });
      return { url, redirectUri, expiresAt: expiresAt.toISOString() };
    },

    async complete(answer) {
      const state = soleState(answer.params);
      const session = await sessions.consume(state, answer.browser, new Date(clock.now()));
      if (session === 'unknown') {
        throw refused(
          'OAUTH_STATE_MISMATCH',
          'the answer belongs to nothing that was begun here, or was used, or is too late',
        );
      }
      if (session === 'other-browser') {
        throw refused('OAUTH_BROWSER_MISMATCH', 'the answer came from another browser than the one that began it');
      }
      const { tenantId, connectionId } = session;
      try {
        await accept(session, answer, state);
      } catch (error) {
        await recordFailure(session, error);
        throw error;
      }
      await connections.confirmAccount(tenantId, connectionId);
      return { tenantId, connectionId };
    },
  };
}

function authorizationUrl(
  request: { readonly authorizationEndpoint: string; readonly clientId: string; readonly scope: string | undefined },
  more: Readonly<Record<string, string>>,
): string {
  const url = new URL(request.authorizationEndpoint);
  const parameters = {
    response_type: 'code',
    client_id: request.clientId,
    code_challenge_method: 'S256',
    ...more,
    ...(request.scope === undefined ? {} : { scope: request.scope }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function callbackUrl(publicUrl: string, server: string | undefined): string {
  return `${publicUrl}/oauth/callback${server === undefined ? '' : `/${server}`}`;
}

/** One, and of the form that is given out here; no parameter twice (RFC 6749, section 3.1). */
function soleState(params: URLSearchParams): string {
  const names = [...params.keys()];
  const [state = '', ...others] = params.getAll('state');
  if (new Set(names).size === names.length && others.length === 0 && /^[\w-]{43}$/.test(state)) return state;
  throw refused('OAUTH_STATE_MISMATCH', 'the answer has no state that was given out here');
}

function requireEnabled({ status }: { readonly status: string }, connectionId: string): void {
  if (status !== 'disabled') return;
  throw new RuntimeError('CONNECTION_DISABLED', `connection ${connectionId} is disabled; enable it first`);
}

function contextOf({ id, tenantId }: { readonly id: string; readonly tenantId: string }) {
  return { tenantId, ownerId: id, field: 'oauth-verifier', generation: 0 };
}

function refused(code: RuntimeErrorCode, why: string): RuntimeError {
  return new RuntimeError(code, `${why}; begin again`);
}
