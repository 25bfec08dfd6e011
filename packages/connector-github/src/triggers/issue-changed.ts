import { defineTrigger } from '@org/connector-sdk';
import { githubReception } from '../github-webhook.ts';
import { issueChange, issueChangeKey, parseIssueChange } from '../issue-change.ts';
import { pollIssues } from '../issue-poll.ts';
import { POLLING } from '../repository-sweep.ts';

export const issueChanged = defineTrigger({
  title: 'Issue changed',
  description:
    'An issue was opened, changed, closed, moved away or deleted. Decide by what it is now, not by the action.',
  scopes: ['issues.read'],
  event: issueChange,
  eventKey: issueChangeKey,
  webhook: { ...githubReception, parse: parseIssueChange },
  polling: { ...POLLING, poll: pollIssues },
});
