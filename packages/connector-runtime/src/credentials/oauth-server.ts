import type { ManifestAuth } from '@org/connector-sdk';
import * as oauth from 'oauth4webapi';
import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import { fetchThrough } from './oauth-fetch.ts';
import type { CredentialConnection } from './ports.ts';
import type { TokenNetwork } from './token-http.ts';

type OAuth2 = Extract<ManifestAuth, { kind: 'oauth2' }>;

/** An authorization server as far as it is known. */
export interface OAuthServer {
  readonly metadata: oauth.AuthorizationServer & { readonly token_endpoint: string };
  /** False when nobody said who it is: then `metadata.issuer` is only the origin of its token endpoint. */
  readonly isNamed: boolean;
}

export type OAuthServers = (
  auth: OAuth2,
  connection: CredentialConnection,
  /** The registration's own, which comes before the manifest's. */
  issuer: string | undefined,
) => Promise<OAuthServer>;

const LIFETIME_MS = 3_600_000;
const MAX_SERVERS = 1000;

/**
 * Where tokens come from: as the manifest says, completed by what the issuer publishes (RFC 8414, OpenID Connect Discovery).
 * An issuer that the registration names is another server than the manifest's, and says everything itself.
 */
export function createOAuthServers(network: TokenNetwork, clock: Clock): OAuthServers {
  const known = new Map<string, { readonly metadata: oauth.AuthorizationServer; readonly until: number }>();

  async function discover(issuer: string, connection: CredentialConnection): Promise<oauth.AuthorizationServer> {
    const cached = known.get(issuer);
    if (cached && cached.until > clock.now()) return cached.metadata;
    const metadata = await fetchMetadata(new URL(issuer), network, connection);
    known.delete(issuer);
    known.set(issuer, { metadata, until: clock.now() + LIFETIME_MS });
    const [oldest] = known.keys();
    if (known.size > MAX_SERVERS && oldest !== undefined) known.delete(oldest);
    return metadata;
  }

  return async (auth, connection, registered) => {
    const resolve = (template: string) => network.resolve(template, connection.config);
    if (registered !== undefined) return complete(await discover(registered, connection), {}, true);
    const stated = {
      token_endpoint: resolve(auth.tokenUrl),
      ...(auth.authorizationUrl === undefined ? {} : { authorization_endpoint: resolve(auth.authorizationUrl) }),
      ...(auth.revocationUrl === undefined ? {} : { revocation_endpoint: resolve(auth.revocationUrl) }),
    };
    if (auth.issuer === undefined) return complete({ issuer: new URL(stated.token_endpoint).origin }, stated, false);
    // Not through `resolve`: an issuer is compared as text, and a URL would get a slash.
    const issuer = fill(auth.issuer, network, connection);
    return complete(await discover(issuer, connection), stated, true);
  };
}

function fill(template: string, network: TokenNetwork, { config }: CredentialConnection): string {
  const filled = network.resolve(template, config);
  return template.endsWith('/') || !filled.endsWith('/') ? filled : filled.slice(0, -1);
}

function complete(
  discovered: oauth.AuthorizationServer,
  stated: Partial<oauth.AuthorizationServer>,
  isNamed: boolean,
): OAuthServer {
  const metadata = { ...discovered, ...stated };
  const { token_endpoint: tokenEndpoint, authorization_endpoint: page } = metadata;
  if (page !== undefined && !isPage(page))
    throw undiscovered(metadata.issuer, 'its authorization page is no web address');
  if (tokenEndpoint !== undefined) return { metadata: { ...metadata, token_endpoint: tokenEndpoint }, isNamed };
  throw undiscovered(metadata.issuer, 'it names no token endpoint');
}

/** It is opened by browsers, which open more than web pages. */
function isPage(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

async function fetchMetadata(
  issuer: URL,
  network: TokenNetwork,
  connection: CredentialConnection,
): Promise<oauth.AuthorizationServer> {
  const options = {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: fetchThrough(network.open([issuer.href], connection)),
  };
  let last: unknown;
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    try {
      return await oauth.processDiscoveryResponse(
        issuer,
        await oauth.discoveryRequest(issuer, { ...options, algorithm }),
      );
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      last = error;
    }
  }
  const why =
    last instanceof oauth.OperationProcessingError ? 'what it publishes is not its own' : 'it publishes nothing';
  throw undiscovered(issuer.href, why);
}

function undiscovered(issuer: string, why: string): RuntimeError {
  return new RuntimeError(
    'OAUTH_DISCOVERY_FAILED',
    `${issuer} can't be used as an issuer: ${why}; check its spelling`,
    {
      details: { issuer },
    },
  );
}
