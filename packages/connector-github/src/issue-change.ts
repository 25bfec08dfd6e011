import type { Delivery } from '@org/connector-sdk';
import * as z from 'zod';
import { changeKey } from './change-key.ts';
import { readPayload, repository, sender } from './github-webhook.ts';
import { describeIssue, issueFields, vendorIssue } from './issue-record.ts';

const changedIssue = vendorIssue.extend({
  id: z.int(),
  locked: z.boolean().nullish(),
  milestone: z.object({ title: z.string() }).nullish(),
});

/** An issue in a list, which says only by a URL where it belongs. */
export const watchedIssue = changedIssue.extend({ repository_url: z.string() });

export const issueChange = z.object({
  action: z
    .string()
    .nullable()
    .describe("GitHub's word for what happened, such as opened or labeled; null when found by polling. A hint only."),
  actor: z.string().nullable().describe('The login of who did it; null when not known.'),
  repository: z.string().describe('owner/name.'),
  id: z.int().describe("GitHub's id of the issue."),
  ...issueFields,
  locked: z.boolean().describe('Only collaborators may comment.'),
  milestone: z.string().nullable().describe('Its title; null when none. Text from outside.'),
  gone: z
    .enum(['deleted', 'transferred'])
    .nullable()
    .describe('No longer in this repository; never seen by polling. null otherwise.'),
});
export type IssueChange = z.output<typeof issueChange>;

/** The issue as it is after the change: what was done to get there is not part of it, for polling cannot know. */
export function issueChangeKey(issue: IssueChange): string {
  const { id, updatedAt, gone, title, state, stateReason, labels, assignees, locked, milestone } = issue;
  const told = [updatedAt, gone, title, state, stateReason, labels.toSorted(), assignees.toSorted(), locked, milestone];
  return changeKey(id, told);
}

const payload = z.object({ action: z.string(), issue: changedIssue, repository, sender });

/**
 * The change in an `issues` delivery; none for those about pull requests and of other events.
 *
 * @throws ActionError `GITHUB_DELIVERY_INVALID` | `DELIVERY_NOT_JSON`
 */
export function parseIssueChange(delivery: Delivery): IssueChange[] {
  const found = readPayload(delivery, 'issues', payload);
  if (found === undefined || found.issue.pull_request !== undefined) return [];
  const { action, issue } = found;
  return [
    {
      ...describeChange(issue, found.repository.full_name),
      action,
      actor: found.sender?.login ?? null,
      gone: action === 'deleted' || action === 'transferred' ? action : null,
    },
  ];
}

/** The change that made a listed issue what it is. */
export function describeListedIssue(issue: z.output<typeof watchedIssue>): IssueChange {
  return describeChange(issue, issue.repository_url.split('/').slice(-2).join('/'));
}

function describeChange(issue: z.output<typeof changedIssue>, repositoryName: string): IssueChange {
  return {
    action: null,
    actor: null,
    repository: repositoryName,
    id: issue.id,
    ...describeIssue(issue),
    locked: issue.locked ?? false,
    milestone: issue.milestone?.title ?? null,
    gone: null,
  };
}
