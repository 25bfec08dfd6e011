import type { ManifestAuth } from '@org/connector-sdk';
import { entries } from './entry-words.ts';
import { code, inline } from './markdown.ts';
import { describeSchema } from './schema-table.ts';

export function describeAuth(auth: Readonly<Record<string, ManifestAuth>>): string[] {
  return ['## Authentication', ...entries(auth).flatMap(([key, way]) => ['', ...describeWay(key, way)])];
}

function describeWay(key: string, auth: ManifestAuth): string[] {
  return [`### Auth ${code(key)}`, '', `**${inline(auth.title)}.** ${explain(auth)}`, ...detailsOf(auth)];
}

const CLIENT_AUTHENTICATION = {
  basic: "the client's secret travels in the Authorization header of token requests",
  post: "the client's secret travels in the body of token requests",
  private_key_jwt: 'the client signs token requests with its private key; no secret travels',
} as const;

function explain(auth: ManifestAuth): string {
  switch (auth.kind) {
    case 'oauth2':
      return 'OAuth 2.0. The runtime obtains and renews the tokens; the connector never sees them.';
    case 'basic':
      return 'A user name and a password, which the runtime adds to requests; the connector never sees them.';
    case 'api_key':
      return `A key, which the runtime adds to requests in the header ${code(auth.header)}; the connector never sees it.`;
    case 'custom':
      return 'Code of the connector, in a process of its own, sees this secret and makes the headers of requests from it.';
  }
}

function detailsOf(auth: ManifestAuth): string[] {
  switch (auth.kind) {
    case 'basic':
      return [];
    case 'api_key':
      return auth.prefix === undefined ? [] : ['', `- ${code(auth.prefix)} stands before the key`];
    case 'oauth2':
      return [
        '',
        `- grants: ${auth.grants.map(code).join(', ')}`,
        ...(auth.authorizationUrl === undefined ? [] : [`- people agree at ${code(auth.authorizationUrl)}`]),
        `- tokens come from ${code(auth.tokenUrl)}`,
        ...(auth.revocationUrl === undefined ? [] : [`- tokens are revoked at ${code(auth.revocationUrl)}`]),
        ...(auth.issuer === undefined ? [] : [`- tokens are issued by ${code(auth.issuer)}`]),
        `- ${CLIENT_AUTHENTICATION[auth.clientAuthentication ?? 'basic']}`,
        ...(auth.scopeStyle === 'none'
          ? ['- no scopes are asked for: what the account may do is set at the provider']
          : []),
      ];
    case 'custom':
      return [
        '',
        `- that process reaches ${auth.hosts.map(code).join(', ') || 'no host'}`,
        '',
        ...describeSchema(auth.secret, 'No secret.'),
      ];
  }
}
