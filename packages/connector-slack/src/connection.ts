import { ActionError, defineConnection } from '@org/connector-sdk';
import { config } from './config.ts';
import { callSlack, createSlackClient } from './slack-api.ts';

export const connection = defineConnection({
  config,
  auth: {
    oauth2: {
      kind: 'oauth2',
      title: 'Slack app (bot token)',
      grants: ['authorization_code', 'refresh_token'],
      authorizationUrl: '{config.apiUrl}../oauth/v2/authorize',
      tokenUrl: '{config.apiUrl}oauth.v2.access',
      // Slack does not undo the encoding that RFC 6749 wants in HTTP Basic, and client ids have dots.
      clientAuthentication: 'post',
      scopeStyle: 'comma',
    },
  },
  allowedHosts: ['{config.apiUrl}'],
  baseUrl: '{config.apiUrl}',
  // chat.postMessage takes about one message per second and channel.
  rateLimit: { requestsPerMinute: 50, concurrency: 2 },
  async test(ctx) {
    const client = createSlackClient(ctx);
    const answer = await callSlack('read', 'auth.test', () => client.auth.test());
    if (answer.team_id !== ctx.config.teamId) {
      throw new ActionError(
        'SLACK_TEAM_MISMATCH',
        'the token belongs to another workspace than teamId: install the app there',
        {
          details: { teamId: ctx.config.teamId },
        },
      );
    }
    return { account: `${answer.team ?? ctx.config.teamId}/${answer.user ?? 'bot'}` };
  },
});
