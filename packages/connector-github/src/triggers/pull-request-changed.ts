import { defineTrigger } from '@org/connector-sdk';
import { githubReception } from '../github-webhook.ts';
import { parsePullRequestChange, pullRequestChange, pullRequestChangeKey } from '../pull-request-change.ts';
import { pollPullRequests } from '../pull-request-poll.ts';
import { POLLING } from '../repository-sweep.ts';

export const pullRequestChanged = defineTrigger({
  title: 'Pull request changed',
  description:
    'A pull request was opened, changed, got commits, was merged or closed. Decide by what it is now, not by the action.',
  scopes: ['pull-requests.read'],
  event: pullRequestChange,
  eventKey: pullRequestChangeKey,
  webhook: { ...githubReception, parse: parsePullRequestChange },
  polling: { ...POLLING, poll: pollPullRequests },
});
