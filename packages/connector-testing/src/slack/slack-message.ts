import { z } from 'zod';

const block = z.looseObject({
  type: z.string(),
  block_id: z.string().optional(),
  elements: z.array(z.unknown()).optional(),
  accessory: z.unknown().optional(),
});

/** A message as `conversations.history` gives it; fields that are not named here are kept. */
export const slackMessage = z.looseObject({
  type: z.string(),
  ts: z.string(),
  user: z.string().optional(),
  text: z.string(),
  blocks: z.array(block).optional(),
  metadata: z.looseObject({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional(),
  edited: z.looseObject({ user: z.string(), ts: z.string() }).optional(),
});

export type SlackMessage = z.infer<typeof slackMessage>;

const button = z.looseObject({
  type: z.literal('button'),
  action_id: z.string(),
  text: z.looseObject({ type: z.string(), text: z.string() }),
  value: z.string().optional(),
  style: z.string().optional(),
});

export interface FoundButton {
  blockId: string;
  button: z.infer<typeof button>;
}

/** The buttons of a message, in order. Slack names blocks that have no `block_id`; so does this, from their place. */
export function listButtons(message: SlackMessage): FoundButton[] {
  return (message.blocks ?? []).flatMap((holder, index) =>
    [...(holder.elements ?? []), holder.accessory].flatMap((element) => {
      const parsed = button.safeParse(element);
      return parsed.success ? [{ blockId: holder.block_id ?? `block-${index}`, button: parsed.data }] : [];
    }),
  );
}
