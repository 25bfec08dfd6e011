import { defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { owner, perPage, repo } from '../field-guards.ts';
import { account, label, readGitHub, readLabels } from '../github-api.ts';
import { nextCursor, pageCursor, readCursor } from '../page-cursor.ts';

const input = z
  .strictObject({
    owner,
    repo,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('Which ones.'),
    labels: z
      .array(
        z
          .string()
          .min(1)
          .max(50)
          .regex(/^[^,\p{Cc}]+$/u),
      )
      .max(20)
      .default([])
      .describe('Only those with all of these labels.'),
    since: z.iso.datetime().optional().describe('Only those updated at or after this moment, ISO 8601.'),
    sort: z.enum(['created', 'updated', 'comments']).default('created').describe('What to sort by.'),
    direction: z.enum(['asc', 'desc']).default('desc').describe('Which end comes first.'),
    perPage,
    cursor: pageCursor,
  })
  .meta({ examples: [{ owner: 'acme', repo: 'payments-api', labels: ['incident'], since: '2026-03-01T00:00:00Z' }] });

const vendorIssue = z.object({
  number: z.int(),
  title: z.string(),
  state: z.enum(['open', 'closed']),
  state_reason: z.string().nullish(),
  user: account,
  html_url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().nullish(),
  comments: z.int().nullish(),
  labels: z.array(label).nullish(),
  assignees: z.array(account).nullish(),
  pull_request: z.unknown().optional(),
});

export const listIssues = defineAction({
  title: 'List issues',
  description:
    'Reads one page of the issues of a repository, without pull requests: a page may hold fewer than asked for.',
  effect: 'read',
  risk: 'low',
  scopes: ['issues.read'],
  config,
  input,
  output: z.object({
    issues: z
      .array(
        z.object({
          number: z.int().describe('The number within the repository.'),
          title: z.string().describe('Text from outside.'),
          state: z.enum(['open', 'closed']).describe('Open or closed.'),
          stateReason: z.string().nullable().describe('Such as completed or not_planned; null when none.'),
          author: z.string().nullable().describe('The login; null when the account is gone.'),
          assignees: z.array(z.string()).describe('Their logins.'),
          url: z.string().describe('Where a person opens it.'),
          createdAt: z.string().describe('ISO 8601.'),
          updatedAt: z.string().describe('ISO 8601.'),
          closedAt: z.string().nullable().describe('ISO 8601; null while open.'),
          comments: z.int().describe('How many comments it has.'),
          labels: z.array(z.string()).describe('The names of its labels.'),
        }),
      )
      .describe('In the order asked for.'),
    nextCursor: z.string().nullable().describe('Give it as cursor for the next page; null on the last.'),
  }),
  async run(ctx) {
    const { owner, repo, state, labels, since, sort, direction, perPage, cursor } = ctx.input;
    const wanted = labels.length === 0 ? undefined : labels.join(',');
    const query = { state, labels: wanted, since, sort, direction, per_page: perPage, ...readCursor(cursor) };
    const response = await readGitHub(ctx, `/repos/${owner}/${repo}/issues`, query, `issues of ${owner}/${repo}`);
    const issues = response
      .json(z.array(vendorIssue))
      // GitHub's list of issues holds the pull requests as well; this key is how it tells them apart.
      .filter((found) => found.pull_request === undefined)
      .map((found) => ({
        number: found.number,
        title: found.title,
        state: found.state,
        stateReason: found.state_reason ?? null,
        author: found.user?.login ?? null,
        assignees: (found.assignees ?? []).flatMap((assignee) => (assignee ? [assignee.login] : [])),
        url: found.html_url,
        createdAt: found.created_at,
        updatedAt: found.updated_at,
        closedAt: found.closed_at ?? null,
        comments: found.comments ?? 0,
        labels: readLabels(found.labels ?? []),
      }));
    return { issues, nextCursor: nextCursor(response) };
  },
});
