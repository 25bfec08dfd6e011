import {
  type ActionContext,
  ActionError,
  type Done,
  defineAction,
  isConnectorError,
  type Resolution,
  reverseWith,
} from '@org/connector-sdk';
import type { KnownBlock } from '@slack/types';
import * as z from 'zod';
import type { SlackConfig } from '../config.ts';
import { channelId, messageTs } from '../field-guards.ts';
import { escapeMrkdwn, limits, link, multiLine, plain, truncateEscaped } from '../message-text.ts';
import { findMarked } from '../posted-message.ts';
import { callSlack, createSlackClient } from '../slack-api.ts';
import { withdrawMessage } from './withdraw-message.ts';

const EVENT_TYPE = 'connector_message';

const input = z.strictObject({
  channel: channelId.describe('The id of the channel; the app must be a member.'),
  text: z.string().min(1).max(3000).describe('Plain text: what looks like a link or a mention is shown as it is.'),
  link: z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .describe('An http or https address.'),
      label: z.string().min(1).max(100).describe('What is shown for it.'),
    })
    .optional()
    .describe('A link below the text, for example to the audit trail.'),
});
type Input = z.infer<typeof input>;

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
  idempotency: { mode: 'marker', settleSeconds: 30 },
  input,
  output,
  reversible: {
    compensation: reverseWith(withdrawMessage, (done: Done<Input, Output>) => ({
      channel: done.output.channel,
      ts: done.output.ts,
    })),
  },
  async run(ctx: ActionContext<Input, SlackConfig>) {
    const { channel } = ctx.input;
    const client = createSlackClient(ctx);
    const answer = await callSlack('write', 'chat.postMessage', () =>
      client.chat.postMessage({
        channel,
        text: plain(ctx.input.text, limits.messageText),
        blocks: writeBlocks(ctx.input),
        unfurl_links: false,
        unfurl_media: false,
        metadata: { event_type: EVENT_TYPE, event_payload: { idempotency_key: ctx.idempotencyKey } },
      }),
    );
    if (answer.ts !== undefined) return { channel: answer.channel ?? channel, ts: answer.ts };
    throw new ActionError('ACTION_OUTCOME_UNKNOWN', 'Slack took the message but did not say where it is', {
      kind: 'outcome-unknown',
    });
  },
  async resolve(ctx: ActionContext<Input, SlackConfig>): Promise<Resolution<Output>> {
    const { channel } = ctx.input;
    try {
      const where = { channel, eventType: EVENT_TYPE, idempotencyKey: ctx.idempotencyKey, pages: 5 };
      const { ts, exhausted } = await findMarked(ctx, where);
      if (ts !== undefined) return { outcome: 'applied', output: { channel, ts } };
      if (exhausted) return { outcome: 'not-applied' };
      return { outcome: 'unknown', reason: 'the channel has more messages since then than are looked through' };
    } catch (error) {
      if (!isConnectorError(error) || !unreadable.has(error.code)) throw error;
      return { outcome: 'unknown', reason: `the history of the channel cannot be read (${error.code})` };
    }
  },
});

const unreadable: ReadonlySet<string> = new Set(['SLACK_SCOPE_MISSING', 'SLACK_CHANNEL_UNUSABLE']);

function writeBlocks({ text, link: below }: Input): KnownBlock[] {
  const body = truncateEscaped(escapeMrkdwn(multiLine(text)), limits.sectionText) || ' ';
  const blocks: KnownBlock[] = [{ type: 'section', text: { type: 'mrkdwn', text: body, verbatim: true } }];
  if (below !== undefined) {
    const linked = link(below.url, below.label, limits.contextText);
    blocks.push({ type: 'context', elements: [{ type: 'mrkdwn', text: linked, verbatim: true }] });
  }
  return blocks;
}
