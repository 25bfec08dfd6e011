import * as z from 'zod';
import { account, label, readLabels } from './github-api.ts';
import { moment } from './moment.ts';

const branch = z.object({
  ref: z.string().describe('The name of the branch.'),
  sha: z.string().describe('The commit it points to.'),
});

/** A pull request in lists and in deliveries, as far as it is read. */
export const vendorPullRequest = z.object({
  number: z.int(),
  title: z.string(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().nullish(),
  user: account,
  html_url: z.string(),
  created_at: moment,
  updated_at: moment,
  closed_at: moment.nullish(),
  merged_at: moment.nullish(),
  base: branch,
  // The repository is null when the fork that it came from is gone.
  head: branch.extend({ repo: z.object({ full_name: z.string() }).nullish() }),
  labels: z.array(label).nullish(),
});

/** What is told of every pull request. */
export const pullRequestFields = {
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
};

export function describePullRequest(found: z.output<typeof vendorPullRequest>) {
  return {
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
    base: { ref: found.base.ref, sha: found.base.sha },
    head: { ref: found.head.ref, sha: found.head.sha },
    labels: readLabels(found.labels),
  };
}
