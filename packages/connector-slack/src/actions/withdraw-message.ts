import { defineAction, reverseWith } from '@org/connector-sdk';
import type { KnownBlock } from '@slack/types';
import * as z from 'zod';
import { config } from '../config.ts';
import { channelId, messageTs } from '../field-guards.ts';
import { callSlack, createSlackClient } from '../slack-api.ts';
import { earlierBody, readBefore, restoreBody } from '../stored-message.ts';
import { updateMessage } from './update-message.ts';

const TEXT = 'This message was withdrawn.';
const blocks: KnownBlock[] = [{ type: 'section', text: { type: 'plain_text', text: TEXT } }];

const input = z
  .strictObject({
    channel: channelId.describe('The id of the channel.'),
    ts: messageTs.describe('The message within its channel, as post-message gave it.'),
  })
  .meta({ examples: [{ channel: 'C0123456789', ts: '1700000000.000100' }] });

const output = z.object({
  channel: z.string().describe('The id of the channel.'),
  ts: z.string().describe('The message within its channel.'),
  before: earlierBody.describe('What it said; null when that is not known.'),
});
type Output = z.infer<typeof output>;

export const withdrawMessage = defineAction({
  title: 'Withdraw a message',
  description: 'Replaces a message of this app by a line that says it was withdrawn; people may have read it.',
  effect: 'write',
  risk: 'low',
  scopes: ['messages.write', 'history.read'],
  config,
  idempotency: { mode: 'natural' },
  input,
  output,
  reversible: { undo: reverseWith(updateMessage, (done: { output: Output }) => restoreBody(done.output)) },
  async run(ctx) {
    const { channel, ts } = ctx.input;
    const before = await readBefore(ctx, { channel, ts });
    const client = createSlackClient(ctx);
    await callSlack('write', 'chat.update', () => client.chat.update({ channel, ts, text: TEXT, blocks }));
    return { channel, ts, before };
  },
});
