import {
  ActionError,
  type ApprovalRef,
  type ChannelContext,
  defineApprovalChannel,
  isConnectorError,
} from '@org/connector-sdk';
import * as z from 'zod';
import {
  type ApprovalMessage,
  writeApprovalDecision,
  writeApprovalProgress,
  writeApprovalReminder,
  writeApprovalRequest,
} from '../approval-message.ts';
import { config, type SlackConfig } from '../config.ts';
import { parseDecision } from '../decision-click.ts';
import { channelId } from '../field-guards.ts';
import { findMarked } from '../posted-message.ts';
import { callSlack, createSlackClient } from '../slack-api.ts';
import { unreadableHistory } from '../slack-errors.ts';
import { isMember } from '../user-groups.ts';

const target = z.strictObject({ channel: channelId.describe('The id of the channel; the app must be a member.') });
type Context = ChannelContext<z.infer<typeof target>, SlackConfig>;

const EVENT_TYPE = 'connector_approval';

export const approval = defineApprovalChannel({
  title: 'Approval in a Slack channel',
  description: 'Asks in a channel, with what will change and two buttons, and shows the decision in the same message.',
  scopes: ['messages.write', 'history.read'],
  config,
  target,
  interaction: {
    verification: { scheme: 'slack-v0', toleranceSeconds: 300 },
    contentTypes: ['application/x-www-form-urlencoded', 'application/json'],
    // Slack gives interactions no id; a body holds its trigger_id and so stands for one click.
    deliveryId: { digest: 'body' },
    handshake: { kind: 'slack-url-verification' },
    maxBodyBytes: 1_048_576,
  },
  async request(ctx, request) {
    const { channel } = ctx.target;
    const earlier = await findEarlier(ctx);
    if (earlier !== undefined) return { channel, ts: earlier };
    const client = createSlackClient(ctx);
    const answer = await callSlack('write', 'chat.postMessage', () =>
      client.chat.postMessage({
        channel,
        ...writeApprovalRequest(request),
        unfurl_links: false,
        unfurl_media: false,
        metadata: {
          event_type: EVENT_TYPE,
          event_payload: { approval_id: request.approvalId, idempotency_key: ctx.idempotencyKey },
        },
      }),
    );
    if (answer.ts !== undefined) return { channel: answer.channel ?? channel, ts: answer.ts };
    throw new ActionError('ACTION_OUTCOME_UNKNOWN', 'Slack took the approval message but did not say where it is', {
      kind: 'outcome-unknown',
    });
  },
  async update(ctx, ref, decision) {
    await redraw(ctx, ref, writeApprovalDecision(decision));
  },
  async progress(ctx, ref, progress) {
    await redraw(ctx, ref, writeApprovalProgress(progress));
  },
  async remind(ctx, ref, progress) {
    const { channel, ts } = messageOf(ref);
    const client = createSlackClient(ctx);
    await callSlack('write', 'chat.postMessage', () =>
      client.chat.postMessage({
        channel,
        thread_ts: ts,
        // Of a thread that nobody has written in, nobody is told.
        reply_broadcast: true,
        ...writeApprovalReminder(progress),
        unfurl_links: false,
        unfurl_media: false,
      }),
    );
  },
  groups: { scopes: ['groups.read'], isMember },
  parseDecision,
});

async function redraw(ctx: Context, ref: ApprovalRef, message: ApprovalMessage): Promise<void> {
  const client = createSlackClient(ctx);
  await callSlack('write', 'chat.update', () => client.chat.update({ ...messageOf(ref), ...message }));
}

function messageOf({ channel, ts }: ApprovalRef): { channel: string; ts: string } {
  if (channel !== undefined && ts !== undefined) return { channel, ts };
  throw new ActionError('SLACK_REF_INVALID', 'the stored reference names no message: ask for the approval again');
}

/** A message of an earlier attempt whose answer was lost. A history that may not be read stops no approval. */
async function findEarlier(ctx: Context): Promise<string | undefined> {
  const { channel } = ctx.target;
  try {
    const where = { channel, eventType: EVENT_TYPE, idempotencyKey: ctx.idempotencyKey, pages: 1, pageSize: 50 };
    return (await findMarked(ctx, where)).ts;
  } catch (error) {
    if (!isConnectorError(error) || !unreadableHistory.has(error.code)) throw error;
    ctx.log.warn('the history of the channel cannot be read, so a repeated message is not recognised', {
      channel,
      code: error.code,
    });
    return undefined;
  }
}
