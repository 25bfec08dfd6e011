import * as z from 'zod';
import { readSlack, type SlackContext } from './slack-api.ts';

const PAGE = 200;

const markedMessage = z.object({
  ts: z.string(),
  metadata: z.object({
    event_type: z.string(),
    event_payload: z.object({ idempotency_key: z.string() }),
  }),
});

const history = z.object({
  messages: z.array(z.unknown()),
  response_metadata: z.object({ next_cursor: z.string().nullish() }).nullish(),
});

/** Where a message with our key is; `exhausted` is false when older messages were left unread. */
export interface Search {
  readonly ts: string | undefined;
  readonly exhausted: boolean;
}

/**
 * Looks in the channel's recent history for a message that carries `idempotencyKey` in its metadata: `chat.postMessage`
 * has no documented key of its own.
 *
 * @throws ActionError `SLACK_*`
 */
export async function findMarked(
  ctx: SlackContext,
  where: {
    readonly channel: string;
    readonly eventType: string;
    readonly idempotencyKey: string;
    readonly pages: number;
    readonly pageSize?: number;
  },
): Promise<Search> {
  let cursor: string | undefined;
  for (let page = 0; page < where.pages; page += 1) {
    const query = { channel: where.channel, limit: where.pageSize ?? PAGE, include_all_metadata: true, cursor };
    const answer = await readSlack(ctx, 'conversations.history', query, history);
    for (const message of answer.messages) {
      const parsed = markedMessage.safeParse(message);
      if (!parsed.success || parsed.data.metadata.event_type !== where.eventType) continue;
      if (parsed.data.metadata.event_payload.idempotency_key === where.idempotencyKey) {
        return { ts: parsed.data.ts, exhausted: true };
      }
    }
    cursor = answer.response_metadata?.next_cursor || undefined;
    if (cursor === undefined) return { ts: undefined, exhausted: true };
  }
  return { ts: undefined, exhausted: false };
}
