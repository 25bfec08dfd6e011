import type { ActionInput, ActionName, ActionOutput } from '@org/connector-sdk';
import { slack } from './index.ts';

const name: ActionName = 'slack.post-message';
const input: ActionInput<'slack.post-message'> = { channel: 'C012345', text: 'Done' };
// @ts-expect-error a message has a text
const silent: ActionInput<'slack.post-message'> = { channel: 'C012345' };
// @ts-expect-error not an action of this connector
const unknownAction: ActionName = 'slack.delete-workspace';

export function readsTyped(output: ActionOutput<'slack.post-message'>): string {
  return output.ts;
}

export const seen: unknown[] = [name, input, silent, unknownAction, slack.approvalChannels.approval.title];
