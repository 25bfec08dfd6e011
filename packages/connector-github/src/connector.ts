import { defineConnector } from '@org/connector-sdk';
import { getFileContents } from './actions/get-file-contents.ts';
import { listIssues } from './actions/list-issues.ts';
import { listPullRequests } from './actions/list-pull-requests.ts';
import { connection } from './connection.ts';
import { issueChanged } from './triggers/issue-changed.ts';
import { pullRequestChanged } from './triggers/pull-request-changed.ts';
import { refPushed } from './triggers/ref-pushed.ts';

const github = defineConnector({
  id: 'github',
  publisher: 'org',
  title: 'GitHub',
  description: 'Lists pull requests and issues, reads files, and tells of changes and pushes, as a GitHub App.',
  engines: { runtime: '>=0.0.0 <1.0.0' },
  scopes: {
    'pull-requests.read': {
      title: 'Read pull requests',
      description: 'List the pull requests of the repositories of the installation, and be told when they change.',
      provider: ['Pull requests: read', 'Metadata: read'],
    },
    'issues.read': {
      title: 'Read issues',
      description: 'List the issues of the repositories of the installation, and be told when they change.',
      provider: ['Issues: read', 'Metadata: read'],
    },
    'contents.read': {
      title: 'Read files',
      description: 'Read files of the repositories of the installation, and be told of pushes.',
      provider: ['Contents: read', 'Metadata: read'],
    },
  },
  connection,
  actions: {
    'list-pull-requests': listPullRequests,
    'list-issues': listIssues,
    'get-file-contents': getFileContents,
  },
  triggers: {
    'issue-changed': issueChanged,
    'pull-request-changed': pullRequestChanged,
    'ref-pushed': refPushed,
  },
});

export default github;
