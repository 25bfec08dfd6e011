import { defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { gitRef, owner, perPage, repo } from '../field-guards.ts';
import { account, label, readGitHub, readLabels } from '../github-api.ts';
import { nextCursor, pageCursor, readCursor } from '../page-cursor.ts';

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

const branch = z.object({
  ref: z.string().describe('The name of the branch.'),
  sha: z.string().describe('The commit it points to.'),
});

const vendorPullRequest = z.object({
  number: z.int(),
  title: z.string(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().nullish(),
  user: account,
  html_url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().nullish(),
  merged_at: z.string().nullish(),
  base: branch,
  head: branch,
  labels: z.array(label).nullish(),
});

export const listPullRequests = defineAction({
  title: 'List pull requests',
  description: 'Reads one page of the pull requests of a repository.',
  effect: 'read',
  risk: 'low',
  scopes: ['pull-requests.read'],
  config,
  input,
  output: z.object({
    pullRequests: z
      .array(
        z.object({
          number: z.int().describe('The number within the repository.'),
          title: z.string().describe('Text from outside.'),
          state: z.enum(['open', 'closed']).describe('Merged ones are closed.'),
          draft: z.boolean().describe('Not yet ready for review.'),
          author: z.string().nullable().describe('The login; null when the account is gone.'),
          url: z.string().describe('Where a person opens it.'),
          createdAt: z.string().describe('ISO 8601.'),
          updatedAt: z.string().describe('ISO 8601.'),
          closedAt: z.string().nullable().describe('ISO 8601; null while open.'),
          mergedAt: z.string().nullable().describe('ISO 8601; null when not merged.'),
          base: branch.describe('The branch it goes into.'),
          head: branch.describe('The branch it comes from.'),
          labels: z.array(z.string()).describe('The names of its labels.'),
        }),
      )
      .describe('In the order asked for.'),
    nextCursor: z.string().nullable().describe('Give it as cursor for the next page; null on the last.'),
  }),
  async run(ctx) {
    const { owner, repo, state, base, sort, direction, perPage, cursor } = ctx.input;
    const query = { state, base, sort, direction, per_page: perPage, ...readCursor(cursor) };
    const response = await readGitHub(ctx, `/repos/${owner}/${repo}/pulls`, query, `pull requests of ${owner}/${repo}`);
    const pullRequests = response.json(z.array(vendorPullRequest)).map((found) => ({
      number: found.number,
      title: found.title,
      state: found.state,
      draft: found.draft ?? false,
      author: found.user?.login ?? null,
      url: found.html_url,
      createdAt: found.created_at,
      updatedAt: found.updated_at,
      closedAt: found.closed_at ?? null,
      mergedAt: found.merged_at ?? null,
      base: found.base,
      head: found.head,
      labels: readLabels(found.labels ?? []),
    }));
    return { pullRequests, nextCursor: nextCursor(response) };
  },
});
