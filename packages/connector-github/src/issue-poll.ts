import type { PollContext, PollResult } from '@org/connector-sdk';
import * as z from 'zod';
import type { GitHubConfig } from './config.ts';
import { readGitHub } from './github-api.ts';
import { describeListedIssue, type IssueChange, watchedIssue } from './issue-change.ts';
import { formatMoment } from './moment.ts';
import { nextCursor, readCursor } from './page-cursor.ts';
import { type Place, type RepositoryPage, sweepRepositories } from './repository-sweep.ts';
import { readNow } from './watched-repositories.ts';

/** One sweep's next issues, oldest change first; pull requests among them are left out. */
export function pollIssues(
  ctx: PollContext<GitHubConfig>,
  cursor: string | undefined,
): Promise<PollResult<IssueChange>> {
  return sweepRepositories(ctx, cursor, (repository, at) => readPage(ctx, repository, at));
}

async function readPage(
  ctx: PollContext<GitHubConfig>,
  repository: string,
  at: Place,
): Promise<RepositoryPage<IssueChange>> {
  const order = { state: 'all', sort: 'updated', direction: 'asc', since: at.from, per_page: 100 };
  const query = { ...order, ...readCursor(at.page) };
  const response = await readGitHub(ctx, `/repos/${repository}/issues`, query, `issues of ${repository}`);
  const found = response.json(z.array(watchedIssue));
  const events = found.filter((issue) => issue.pull_request === undefined).map(describeListedIssue);
  const page = nextCursor(response);
  return { events, next: page === null ? undefined : goOn(at, found.at(-1)?.updated_at, page), now: readNow(response) };
}

/**
 * An issue that changes meanwhile moves to the end, and every page behind it up by one; so the next page is asked for by time,
 * a second back because `since` might leave out what is equal. Only more issues of one second than fit on a page are paged.
 */
function goOn(at: Place, last: string | undefined, page: string): Place {
  const from = last === undefined ? at.from : formatMoment(Date.parse(last) - 1000);
  return from > at.from ? { from } : { from: at.from, page };
}
