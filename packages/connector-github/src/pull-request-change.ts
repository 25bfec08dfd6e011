import type { Delivery } from '@org/connector-sdk';
import * as z from 'zod';
import { changeKey } from './change-key.ts';
import { account, readLogins } from './github-api.ts';
import { readPayload, repository, sender } from './github-webhook.ts';
import { describePullRequest, pullRequestFields, vendorPullRequest } from './pull-request-record.ts';

/** A pull request in deliveries and in lists, which are the same to its id. */
export const changedPullRequest = vendorPullRequest.extend({
  id: z.int(),
  base: vendorPullRequest.shape.base.extend({ repo: z.object({ full_name: z.string() }) }),
  assignees: z.array(account).nullish(),
  // Teams stand here as well in some releases; they have no login.
  requested_reviewers: z.array(account.catch(null)).nullish(),
});

export const pullRequestChange = z.object({
  action: z
    .string()
    .nullable()
    .describe(
      "GitHub's word for what happened, such as opened or synchronize; null when found by polling. A hint only.",
    ),
  actor: z.string().nullable().describe('The login of who did it; null when not known.'),
  repository: z.string().describe('owner/name of the repository it goes into.'),
  headRepository: z.string().nullable().describe('owner/name of where it comes from; null when that fork is gone.'),
  id: z.int().describe("GitHub's id of the pull request."),
  ...pullRequestFields,
  assignees: z.array(z.string()).describe('Their logins.'),
  requestedReviewers: z.array(z.string()).describe('The logins of people whose review is awaited.'),
});
export type PullRequestChange = z.output<typeof pullRequestChange>;

/** The pull request as it is after the change: what was done to get there is not part of it, for polling cannot know. */
export function pullRequestChangeKey(pull: PullRequestChange): string {
  const { id, updatedAt, title, state, draft, mergedAt, labels, assignees, requestedReviewers, base, head } = pull;
  const names = [labels, assignees, requestedReviewers].map((each) => each.toSorted());
  return changeKey(id, [updatedAt, title, state, draft, mergedAt, ...names, base.ref, head.sha]);
}

const payload = z.object({ action: z.string(), pull_request: changedPullRequest, repository, sender });

/**
 * The change in a `pull_request` delivery; none for those of other events.
 *
 * @throws ActionError `GITHUB_DELIVERY_INVALID` | `DELIVERY_NOT_JSON`
 */
export function parsePullRequestChange(delivery: Delivery): PullRequestChange[] {
  const found = readPayload(delivery, 'pull_request', payload);
  if (found === undefined) return [];
  const { action, pull_request, sender } = found;
  return [{ ...describeListedPullRequest(pull_request), action, actor: sender?.login ?? null }];
}

/** The change that made a listed pull request what it is. */
export function describeListedPullRequest(pull: z.output<typeof changedPullRequest>): PullRequestChange {
  return {
    action: null,
    actor: null,
    repository: pull.base.repo.full_name,
    headRepository: pull.head.repo?.full_name ?? null,
    id: pull.id,
    ...describePullRequest(pull),
    assignees: readLogins(pull.assignees),
    requestedReviewers: readLogins(pull.requested_reviewers),
  };
}
