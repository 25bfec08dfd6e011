import { type ActionContext, defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import type { SlackConfig } from '../config.ts';
import { channelId, messageTs } from '../field-guards.ts';
import { callSlack, createSlackClient } from '../slack-api.ts';

const TEXT = 'This message was withdrawn.';

const input = z.strictObject({
  channel: channelId.describe('The id of the channel.'),
  ts: messageTs.describe('The message within its channel, as post-message gave it.'),
});

export const withdrawMessage = defineAction({
  title: 'Withdraw a message',
  description: 'Replaces a message of this app by a line that says it was withdrawn; people may have read it.',
  effect: 'write',
  risk: 'low',
  scopes: ['messages.write'],
  idempotency: { mode: 'natural' },
  input,
  output: z.object({
    channel: z.string().describe('The id of the channel.'),
    ts: z.string().describe('The message within its channel.'),
  }),
  async run(ctx: ActionContext<z.infer<typeof input>, SlackConfig>) {
    const { channel, ts } = ctx.input;
    const client = createSlackClient(ctx);
    const blocks = [{ type: 'section', text: { type: 'plain_text', text: TEXT } }] as const;
    await callSlack('write', 'chat.update', () => client.chat.update({ channel, ts, text: TEXT, blocks: [...blocks] }));
    return { channel, ts };
  },
});
