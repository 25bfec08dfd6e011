import type { CallContext, HttpRequest, HttpResponse } from '@org/connector-sdk';
import * as z from 'zod';
import { type GitHubConfig, trimTrailingSlash } from './config.ts';
import { failureOf, readMessage } from './github-errors.ts';

export type GitHubContext = CallContext<GitHubConfig>;

/** Reads from the REST API. `path` is made of guarded, encoded parts. Throws `GITHUB_*`. */
export async function readGitHub(
  ctx: GitHubContext,
  path: string,
  query: NonNullable<HttpRequest['query']>,
  subject: string,
): Promise<HttpResponse> {
  const response = await ctx.http.request({
    url: `${trimTrailingSlash(ctx.config.apiUrl)}${path}`,
    query,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  });
  if (response.status === 200) return response;
  throw failureOf(
    { status: response.status, headers: response.headers, message: readMessage(response.text()) },
    subject,
  );
}

/** The login behind an author; null when the account is gone. */
export const account = z.object({ login: z.string() }).nullish();

export const label = z.union([z.string(), z.object({ name: z.string().nullish() })]);

export function readLabels(labels: readonly z.infer<typeof label>[] | null | undefined): string[] {
  return (labels ?? [])
    .map((each) => (typeof each === 'string' ? each : (each.name ?? '')))
    .filter((name) => name !== '');
}

export function readLogins(accounts: readonly z.infer<typeof account>[] | null | undefined): string[] {
  return (accounts ?? []).flatMap((each) => (each ? [each.login] : []));
}
