import type { ManifestAuth } from '../manifest.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const oauth2GrantsIncomplete = defineMeaningRule({
  id: 'oauth2-grants-incomplete',
  severity: 'error',
  title: 'OAuth 2.0 has all that its grants need',
  why: 'Without an authorization URL nobody can sign in, and a refresh token comes only out of another grant.',
  fix: 'Give `authorizationUrl` with the grant `authorization_code`, and list a grant besides `refresh_token`.',
  example: {
    at: '/connection/auth/oauth2',
    bad: {
      kind: 'oauth2',
      title: 'Sign in with Acme',
      grants: ['authorization_code', 'refresh_token'],
      tokenUrl: 'https://login.desk.example/token',
    },
    good: {
      kind: 'oauth2',
      title: 'Sign in with Acme',
      grants: ['authorization_code', 'refresh_token'],
      authorizationUrl: 'https://login.desk.example/authorize',
      tokenUrl: 'https://login.desk.example/token',
    },
    found: '/connection/auth/oauth2/grants',
  },
  *check({ connection }) {
    for (const [key, auth] of Object.entries(connection.auth)) {
      const reason = auth.kind === 'oauth2' && whatIsMissing(auth);
      if (reason) yield { path: ['connection', 'auth', key, 'grants'], message: `"${key}" ${reason}` };
    }
  },
});

function whatIsMissing({ grants, authorizationUrl }: Extract<ManifestAuth, { kind: 'oauth2' }>): string | undefined {
  if (grants.includes('authorization_code') && authorizationUrl === undefined) return 'has no authorizationUrl';
  if (grants.every((grant) => grant === 'refresh_token')) return 'has no grant that gives the first token';
  return undefined;
}
