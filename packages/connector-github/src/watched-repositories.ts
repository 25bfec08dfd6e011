import { ActionError, type HttpResponse } from '@org/connector-sdk';
import * as z from 'zod';
import { MAX_REPOSITORIES } from './config.ts';
import { type GitHubContext, readGitHub } from './github-api.ts';
import { formatMoment } from './moment.ts';

const installation = z.object({
  total_count: z.int(),
  repositories: z.array(z.object({ full_name: z.string() })),
});

/**
 * What polling watches, in one order, each once: what the config names, else all that the installation has.
 *
 * @throws ActionError `GITHUB_REPOSITORIES_TOO_MANY` when those are more than a poll can read
 */
export async function listWatched(ctx: GitHubContext): Promise<string[]> {
  const names = ctx.config.repositories ?? (await listInstalled(ctx));
  const known = new Set<string>();
  return names
    .filter((name) => known.size < known.add(orderOf(name)).size)
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

/** Names of repositories are the same in upper and lower case. */
export function orderOf(name: string): string {
  return name.toLowerCase();
}

/** What time it is at GitHub, whose clock alone is in `updated_at`. */
export async function findNow(ctx: GitHubContext): Promise<string> {
  return readNow(await readInstalled(ctx, 1));
}

export function readNow(response: HttpResponse): string {
  const stated = Date.parse(response.headers.date ?? '');
  return formatMoment(Number.isNaN(stated) ? Date.now() : stated);
}

async function listInstalled(ctx: GitHubContext): Promise<string[]> {
  const { total_count, repositories } = (await readInstalled(ctx, MAX_REPOSITORIES)).json(installation);
  if (total_count <= MAX_REPOSITORIES) return repositories.map(({ full_name }) => full_name);
  throw new ActionError(
    'GITHUB_REPOSITORIES_TOO_MANY',
    `the installation has ${total_count} repositories: name up to ${MAX_REPOSITORIES} to be polled in "repositories" of the connection's config`,
    { details: { count: total_count } },
  );
}

function readInstalled(ctx: GitHubContext, count: number): Promise<HttpResponse> {
  const subject = `the repositories of installation ${ctx.config.installationId}`;
  return readGitHub(ctx, '/installation/repositories', { per_page: count }, subject);
}
