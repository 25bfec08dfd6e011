import { defineConnector } from '@org/connector-sdk';
import { postMessage } from './actions/post-message.ts';
import { updateMessage } from './actions/update-message.ts';
import { withdrawMessage } from './actions/withdraw-message.ts';
import { approval } from './approval-channels/approval.ts';
import { connection } from './connection.ts';

const slack = defineConnector({
  id: 'slack',
  publisher: 'org',
  title: 'Slack',
  description: 'Asks people for approval with context and buttons, and posts what was decided.',
  engines: { runtime: '>=0.0.0 <1.0.0' },
  scopes: {
    'messages.write': {
      title: 'Post messages',
      description: 'Post to channels the app is a member of, and change its own messages.',
      provider: ['chat:write'],
    },
    'history.read': {
      title: 'Read recent messages',
      description: 'Recognise its own messages, so that none is posted twice, and what they said can be restored.',
      provider: ['channels:history', 'groups:history', 'im:history'],
    },
    'groups.read': {
      title: 'Read user groups',
      description: 'See who is in a user group that an approval rule names.',
      provider: ['usergroups:read'],
    },
  },
  connection,
  actions: { 'post-message': postMessage, 'update-message': updateMessage, 'withdraw-message': withdrawMessage },
  approvalChannels: { approval },
});

export default slack;
