import { defineTrigger } from '@org/connector-sdk';
import { githubReception } from '../github-webhook.ts';
import { parseRefPush, refPush, refPushKey } from '../ref-push.ts';

export const refPushed = defineTrigger({
  title: 'Branch or tag pushed',
  description: 'A branch or a tag was created, got other commits, or was deleted. By webhook only.',
  scopes: ['contents.read'],
  event: refPush,
  eventKey: refPushKey,
  webhook: { ...githubReception, parse: parseRefPush },
});
