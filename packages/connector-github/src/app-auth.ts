import { createAppAuth } from '@octokit/auth-app';
import { request } from '@octokit/request';
import { ActionError, defineAuth, isConnectorError } from '@org/connector-sdk';
import * as z from 'zod';
import { createAppJwt } from './app-jwt.ts';
import { config, trimTrailingSlash } from './config.ts';
import { failureOf } from './github-errors.ts';

const secret = z.strictObject({
  privateKey: z.string().min(1).max(16_384).describe('The private key of the GitHub App: the whole .pem file.'),
});

/** Exchanges the App's key for a token of the installation, which lives an hour. */
export const app = defineAuth({
  kind: 'custom',
  title: 'GitHub App',
  hosts: ['{config.apiUrl}'],
  config,
  secret,
  async authenticate(ctx) {
    const { apiUrl, appId, installationId } = ctx.config;
    const auth = createAppAuth({
      appId,
      installationId,
      createJwt: async (id) => createAppJwt(id, ctx.secret.privateKey, ctx.now),
      request: request.defaults({
        baseUrl: trimTrailingSlash(apiUrl),
        request: { fetch: ctx.http.fetch, signal: ctx.signal, log: { warn: () => undefined } },
      }),
      log: { warn: () => undefined },
    });
    try {
      const { token, expiresAt } = await auth({ type: 'installation', refresh: true });
      return { headers: { authorization: `Bearer ${token}` }, expiresAt };
    } catch (error) {
      throw wordFailure(error, installationId);
    }
  },
});

const requestError = z.object({
  status: z.number(),
  message: z.string(),
  response: z.object({ headers: z.record(z.string(), z.union([z.string(), z.number(), z.undefined()])) }).optional(),
  cause: z.unknown(),
});

/** Octokit's errors hold the request and its headers, so they are read and dropped. */
function wordFailure(error: unknown, installationId: number): unknown {
  if (isConnectorError(error)) return error;
  const parsed = requestError.safeParse(error);
  if (parsed.success && isConnectorError(parsed.data.cause)) return parsed.data.cause;
  const subject = `installation ${installationId}`;
  if (parsed.success && parsed.data.response) {
    const { status, message, response } = parsed.data;
    if (status === 404) return installationUnknown(installationId);
    return failureOf({ status, message, headers: response.headers }, subject);
  }
  return new ActionError('GITHUB_UNAVAILABLE', `GitHub gave no answer for ${subject}: try again later`, {
    kind: 'retryable',
    details: { subject },
  });
}

/** Not the code of a missing resource: a test of the connection takes that one for a server without rate limits. */
function installationUnknown(installationId: number): ActionError {
  return new ActionError(
    'GITHUB_INSTALLATION_UNKNOWN',
    `installation ${installationId} is not one of this App: check the App ID and the installation, and that it was not removed`,
    { details: { installationId } },
  );
}
