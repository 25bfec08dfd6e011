import { defineConnection } from '@org/connector-sdk';
import { config } from './config.ts';
import { listRows } from './servicenow-api.ts';

export const connection = defineConnection({
  config,
  auth: {
    oauth2: {
      kind: 'oauth2',
      title: 'OAuth 2.0',
      grants: ['client_credentials', 'authorization_code', 'refresh_token'],
      authorizationUrl: '{config.instanceUrl}/oauth_auth.do',
      tokenUrl: '{config.instanceUrl}/oauth_token.do',
      clientAuthentication: 'post',
      // What a grant may do is said by the user's roles; an instance answers every request with `useraccount`.
      scopeStyle: 'none',
    },
    basic: { kind: 'basic', title: 'User and password (development instances)' },
  },
  allowedHosts: ['{config.instanceUrl}'],
  baseUrl: '{config.instanceUrl}',
  rateLimit: { requestsPerMinute: 300, concurrency: 4 },
  async test(ctx) {
    await listRows(ctx, 'incident', { query: 'ORDERBYDESCsys_updated_on', fields: ['sys_id'], limit: 1 });
    return { account: new URL(ctx.config.instanceUrl).host };
  },
});
