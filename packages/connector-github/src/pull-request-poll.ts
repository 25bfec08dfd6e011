import type { PollContext, PollResult } from '@org/connector-sdk';
import * as z from 'zod';
import type { GitHubConfig } from './config.ts';
import { readGitHub } from './github-api.ts';
import { nextCursor, readCursor } from './page-cursor.ts';
import { changedPullRequest, describeListedPullRequest, type PullRequestChange } from './pull-request-change.ts';
import { type Place, type RepositoryPage, sweepRepositories } from './repository-sweep.ts';
import { readNow } from './watched-repositories.ts';

/** One sweep's next pull requests, newest change first. */
export function pollPullRequests(
  ctx: PollContext<GitHubConfig>,
  cursor: string | undefined,
): Promise<PollResult<PullRequestChange>> {
  return sweepRepositories(ctx, cursor, (repository, at) => readPage(ctx, repository, at));
}

/**
 * This list knows no `since`, and the list of issues, which does, knows no commits: so it is read from its newest end back to
 * `from`. What changes meanwhile moves to the front and the rest down, so a page may repeat one but never skip one.
 */
async function readPage(
  ctx: PollContext<GitHubConfig>,
  repository: string,
  at: Place,
): Promise<RepositoryPage<PullRequestChange>> {
  const query = { state: 'all', sort: 'updated', direction: 'desc', per_page: 100, ...readCursor(at.page) };
  const response = await readGitHub(ctx, `/repos/${repository}/pulls`, query, `pull requests of ${repository}`);
  const found = response.json(z.array(changedPullRequest));
  const events = found.filter((pull) => pull.updated_at >= at.from).map(describeListedPullRequest);
  const page = nextCursor(response);
  const isEnd = page === null || events.length < found.length;
  return { events, next: isEnd ? undefined : { from: at.from, page }, now: readNow(response) };
}
