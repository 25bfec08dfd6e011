import { defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { owner, perPage, repo } from '../field-guards.ts';
import { readGitHub } from '../github-api.ts';
import { describeIssue, issueFields, vendorIssue } from '../issue-record.ts';
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

const listedIssue = vendorIssue.extend({ comments: z.int().nullish() });

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
          ...issueFields,
          comments: z.int().describe('How many comments it has.'),
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
      .json(z.array(listedIssue))
      .filter((found) => found.pull_request === undefined)
      .map((found) => ({ ...describeIssue(found), comments: found.comments ?? 0 }));
    return { issues, nextCursor: nextCursor(response) };
  },
});
