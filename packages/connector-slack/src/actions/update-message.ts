import { ActionError, defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { channelId, messageTs } from '../field-guards.ts';
import { messageBody, writeBlocks } from '../message-body.ts';
import { limits, plain } from '../message-text.ts';
import { callSlack, createSlackClient } from '../slack-api.ts';
import { earlierBody, findPosted, restoreBody } from '../stored-message.ts';

const input = z
  .strictObject({
    channel: channelId.describe('The id of the channel.'),
    ts: messageTs.describe('The message within its channel, as post-message gave it.'),
    ...messageBody,
  })
  .meta({
    examples: [{ channel: 'C0123456789', ts: '1700000000.000100', text: 'INC0010001 is solved' }],
  });

export const updateMessage = defineAction({
  title: 'Change a message',
  description: 'Gives a message that post-message posted another text, which Slack does not mark as edited.',
  effect: 'write',
  // People may have acted on what it said.
  risk: 'medium',
  scopes: ['messages.write', 'history.read'],
  config,
  idempotency: { mode: 'natural' },
  input,
  output: z.object({
    channel: z.string().describe('The id of the channel.'),
    ts: z.string().describe('The message within its channel.'),
    before: earlierBody.describe('What it said before; null when that is not known.'),
  }),
  reversible: { undo: ({ output }) => restoreBody(output) },
  async run(ctx) {
    const { channel, ts, text } = ctx.input;
    const found = await findPosted(ctx, { channel, ts });
    // A message that asks for an approval is of this app as well: nobody may put other words under its buttons.
    if (found === undefined) {
      throw new ActionError(
        'SLACK_MESSAGE_NOT_FOUND',
        'no message of post-message is there: check channel and ts, and that the app is still a member',
        { kind: 'refused', details: { channel, ts } },
      );
    }
    const client = createSlackClient(ctx);
    const update = { channel, ts, text: plain(text, limits.messageText), blocks: writeBlocks(ctx.input) };
    await callSlack('write', 'chat.update', () => client.chat.update(update));
    // An earlier attempt may have changed it already: then what was found is not what stood there.
    return { channel, ts, before: ctx.attempt === 1 ? found.before : null };
  },
});
