import { defineMeaningRule } from '../validation/rule.ts';

export const oauth2WithoutRefresh = defineMeaningRule({
  id: 'oauth2-without-refresh',
  severity: 'warning',
  title: 'A sign-in can be refreshed',
  why: 'When the access token expires a person has to sign in again, and every run waits until then.',
  fix: 'Add `refresh_token` to `grants`, unless the vendor gives none.',
  example: {
    at: '/connection/auth/oauth2/grants',
    bad: ['authorization_code'],
    good: ['authorization_code', 'refresh_token'],
    found: '/connection/auth/oauth2/grants',
  },
  *check({ connection }) {
    for (const [key, auth] of Object.entries(connection.auth)) {
      if (auth.kind !== 'oauth2' || !auth.grants.includes('authorization_code')) continue;
      if (auth.grants.includes('refresh_token')) continue;
      yield {
        path: ['connection', 'auth', key, 'grants'],
        message: `"${key}" signs people in without a refresh token`,
      };
    }
  },
});
