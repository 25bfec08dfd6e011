import { defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { gitRef, owner, perPage, repo } from '../field-guards.ts';
import { readGitHub } from '../github-api.ts';
import { nextCursor, pageCursor, readCursor } from '../page-cursor.ts';
import { describePullRequest, pullRequestFields, vendorPullRequest } from '../pull-request-record.ts';

const input = z
  .strictObject({
    owner,
    repo,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('Which ones; merged ones are closed.'),
    base: gitRef.optional().describe('Only those into this branch.'),
    sort: z.enum(['created', 'updated', 'popularity', 'long-running']).default('created').describe('What to sort by.'),
    direction: z.enum(['asc', 'desc']).default('desc').describe('Which end comes first.'),
    perPage,
    cursor: pageCursor,
  })
  .meta({ examples: [{ owner: 'acme', repo: 'payments-api', state: 'all', base: 'main', sort: 'updated' }] });

export const listPullRequests = defineAction({
  title: 'List pull requests',
  description: 'Reads one page of the pull requests of a repository.',
  effect: 'read',
  risk: 'low',
  scopes: ['pull-requests.read'],
  config,
  input,
  output: z.object({
    pullRequests: z.array(z.object(pullRequestFields)).describe('In the order asked for.'),
    nextCursor: z.string().nullable().describe('Give it as cursor for the next page; null on the last.'),
  }),
  async run(ctx) {
    const { owner, repo, state, base, sort, direction, perPage, cursor } = ctx.input;
    const query = { state, base, sort, direction, per_page: perPage, ...readCursor(cursor) };
    const response = await readGitHub(ctx, `/repos/${owner}/${repo}/pulls`, query, `pull requests of ${owner}/${repo}`);
    const pullRequests = response.json(z.array(vendorPullRequest)).map(describePullRequest);
    return { pullRequests, nextCursor: nextCursor(response) };
  },
});
