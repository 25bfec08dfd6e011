import { defineConnection, isConnectorError } from '@org/connector-sdk';
import { app } from './app-auth.ts';
import { config } from './config.ts';
import { readGitHub } from './github-api.ts';

export const connection = defineConnection({
  config,
  auth: { app },
  allowedHosts: ['{config.apiUrl}'],
  baseUrl: '{config.apiUrl}',
  // 5,000 requests an hour for an installation.
  rateLimit: { requestsPerMinute: 80, concurrency: 8 },
  async test(ctx) {
    const account = `installation ${ctx.config.installationId}`;
    try {
      // Checks the credential and costs nothing of the limit.
      await readGitHub(ctx, '/rate_limit', {}, account);
    } catch (error) {
      // An Enterprise Server without rate limits answers 404, but only to a good credential.
      if (!isConnectorError(error) || error.code !== 'GITHUB_NOT_FOUND') throw error;
    }
    return { account };
  },
});
