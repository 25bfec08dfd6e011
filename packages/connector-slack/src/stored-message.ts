import { ActionError, isConnectorError } from '@org/connector-sdk';
import * as z from 'zod';
import { type MessageBody, readBlocks } from './message-body.ts';
import { readSlack, type SlackContext } from './slack-api.ts';
import { unreadableHistory } from './slack-errors.ts';

/** The mark of what `post-message` posted. A `chat.update` without metadata leaves it there. */
export const MESSAGE_EVENT_TYPE = 'connector_message';

/** Which message, as it was posted. */
export interface MessagePlace {
  readonly channel: string;
  readonly ts: string;
}

/** What a message said before a change, in an output. */
export const earlierBody = z
  .object({
    text: z.string().describe('The text.'),
    link: z
      .object({ url: z.string().describe('Its address.'), label: z.string().describe('What was shown for it.') })
      .nullable()
      .describe('The link below it; null when none.'),
  })
  .nullable();
type EarlierBody = z.infer<typeof earlierBody>;

const history = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      blocks: z.unknown(),
      metadata: z.object({ event_type: z.string() }).nullish(),
    }),
  ),
});

/** The message of `post-message` at this place; undefined when another one or none is there. Throws `SLACK_*`. */
export async function findPosted(
  ctx: SlackContext,
  { channel, ts }: MessagePlace,
): Promise<{ readonly before: EarlierBody } | undefined> {
  const query = { channel, oldest: ts, latest: ts, inclusive: true, limit: 1, include_all_metadata: true };
  const { messages } = await readSlack(ctx, 'conversations.history', query, history);
  const found = messages.find((message) => message.ts === ts && message.metadata?.event_type === MESSAGE_EVENT_TYPE);
  return found && { before: describeBody(readBlocks(found.blocks)) };
}

/** The same where it is good to know only: null when the history may not be read. */
export async function readBefore(ctx: SlackContext, place: MessagePlace): Promise<EarlierBody> {
  try {
    return (await findPosted(ctx, place))?.before ?? null;
  } catch (error) {
    if (!isConnectorError(error) || !unreadableHistory.has(error.code)) throw error;
    return null;
  }
}

/** The input of `update-message` that restores what stood there. Throws `SLACK_BEFORE_UNKNOWN`. */
export function restoreBody({ channel, ts, before }: MessagePlace & { readonly before: EarlierBody }) {
  if (before !== null)
    return { channel, ts, text: before.text, ...(before.link === null ? {} : { link: before.link }) };
  throw new ActionError(
    'SLACK_BEFORE_UNKNOWN',
    'what the message said before is not known, because its history could not be read or an answer was lost: restore it by hand',
  );
}

function describeBody(body: MessageBody | undefined): EarlierBody {
  return body === undefined ? null : { text: body.text, link: body.link ?? null };
}
