import * as z from 'zod';
import { account, label, readLabels, readLogins } from './github-api.ts';
import { moment } from './moment.ts';

/** An issue in lists and in deliveries, as far as it is read. */
export const vendorIssue = z.object({
  number: z.int(),
  title: z.string(),
  // Left out in some deliveries; then closed_at says it.
  state: z.enum(['open', 'closed']).nullish(),
  state_reason: z.string().nullish(),
  user: account,
  html_url: z.string(),
  created_at: moment,
  updated_at: moment,
  closed_at: moment.nullish(),
  labels: z.array(label).nullish(),
  assignees: z.array(account).nullish(),
  // Lists of issues and deliveries about issues hold pull requests as well; this key is how GitHub tells them apart.
  pull_request: z.unknown().optional(),
});

/** What is told of every issue. */
export const issueFields = {
  number: z.int().describe('The number within the repository.'),
  title: z.string().describe('Text from outside.'),
  state: z.enum(['open', 'closed']).describe('Open or closed.'),
  stateReason: z.string().nullable().describe('Such as completed or not_planned; null when none.'),
  author: z.string().nullable().describe('The login; null when the account is gone.'),
  assignees: z.array(z.string()).describe('Their logins.'),
  labels: z.array(z.string()).describe('The names of its labels.'),
  url: z.string().describe('Where a person opens it.'),
  createdAt: z.string().describe('ISO 8601.'),
  updatedAt: z.string().describe('ISO 8601.'),
  closedAt: z.string().nullable().describe('ISO 8601; null while open.'),
};

export function describeIssue(found: z.output<typeof vendorIssue>) {
  return {
    number: found.number,
    title: found.title,
    state: found.state ?? (found.closed_at ? ('closed' as const) : ('open' as const)),
    stateReason: found.state_reason ?? null,
    author: found.user?.login ?? null,
    assignees: readLogins(found.assignees),
    labels: readLabels(found.labels),
    url: found.html_url,
    createdAt: found.created_at,
    updatedAt: found.updated_at,
    closedAt: found.closed_at ?? null,
  };
}
