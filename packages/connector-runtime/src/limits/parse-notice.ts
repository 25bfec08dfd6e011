import { z } from 'zod';
import { MAX_BLOCK_MS } from './read-answer.ts';

const notice = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('block'),
    connectionId: z.string(),
    nodeId: z.string(),
    forMs: z.number().min(0).max(MAX_BLOCK_MS),
  }),
  z.object({ kind: z.literal('share'), connectionId: z.string(), nodeId: z.string() }),
]);

export type Notice = z.infer<typeof notice>;

/** What a node told the others; undefined for anything else that somebody wrote on the channel. */
export function parseNotice(text: string): Notice | undefined {
  try {
    return notice.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
