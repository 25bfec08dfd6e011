import { ActionError, defineAction, isConnectorError, reverseWith } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { channelId, messageTs } from '../field-guards.ts';
import { messageBody, writeBlocks } from '../message-body.ts';
import { limits, plain } from '../message-text.ts';
import { findMarked } from '../posted-message.ts';
import { callSlack, createSlackClient } from '../slack-api.ts';
import { unreadableHistory } from '../slack-errors.ts';
import { MESSAGE_EVENT_TYPE } from '../stored-message.ts';
import { withdrawMessage } from './withdraw-message.ts';

const input = z
  .strictObject({ channel: channelId.describe('The id of the channel; the app must be a member.'), ...messageBody })
  .meta({
    examples: [
      {
        channel: 'C0123456789',
        text: 'INC0010001 was assigned to Payments',
        link: { url: 'https://console.example.com/runs/1', label: 'Audit trail' },
      },
    ],
  });

const output = z.object({
  channel: z.string().describe('The id of the channel.'),
  ts: messageTs.describe('The message within its channel.'),
});
type Output = z.infer<typeof output>;

export const postMessage = defineAction({
  title: 'Post a message',
  description: 'Posts a message to a channel, with a mark that keeps it from being posted twice.',
  effect: 'write',
  risk: 'low',
  scopes: ['messages.write', 'history.read'],
  config,
  idempotency: { mode: 'marker', settleSeconds: 30 },
  input,
  output,
  reversible: {
    compensation: reverseWith(withdrawMessage, (done: { output: Output }) => ({
      channel: done.output.channel,
      ts: done.output.ts,
    })),
  },
  async run(ctx) {
    const { channel } = ctx.input;
    const client = createSlackClient(ctx);
    const answer = await callSlack('write', 'chat.postMessage', () =>
      client.chat.postMessage({
        channel,
        text: plain(ctx.input.text, limits.messageText),
        blocks: writeBlocks(ctx.input),
        unfurl_links: false,
        unfurl_media: false,
        metadata: { event_type: MESSAGE_EVENT_TYPE, event_payload: { idempotency_key: ctx.idempotencyKey } },
      }),
    );
    if (answer.ts !== undefined) return { channel: answer.channel ?? channel, ts: answer.ts };
    throw new ActionError('ACTION_OUTCOME_UNKNOWN', 'Slack took the message but did not say where it is', {
      kind: 'outcome-unknown',
    });
  },
  async resolve(ctx) {
    const { channel } = ctx.input;
    try {
      const where = { channel, eventType: MESSAGE_EVENT_TYPE, idempotencyKey: ctx.idempotencyKey, pages: 5 };
      const { ts, exhausted } = await findMarked(ctx, where);
      if (ts !== undefined) return { outcome: 'applied', output: { channel, ts } };
      if (exhausted) return { outcome: 'not-applied' };
      return { outcome: 'unknown', reason: 'the channel has more messages since then than are looked through' };
    } catch (error) {
      if (!isConnectorError(error) || !unreadableHistory.has(error.code)) throw error;
      return { outcome: 'unknown', reason: `the history of the channel cannot be read (${error.code})` };
    }
  },
});
