import type { KnownBlock } from '@slack/types';
import * as z from 'zod';
import { escapeMrkdwn, limits, link, multiLine, truncateEscaped, unescapeMrkdwn } from './message-text.ts';

/** What a message of ours says. */
export const messageBody = {
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
};

export interface MessageBody {
  readonly text: string;
  readonly link?: { readonly url: string; readonly label: string } | undefined;
}

export function writeBlocks({ text, link: below }: MessageBody): KnownBlock[] {
  const body = truncateEscaped(escapeMrkdwn(multiLine(text)), limits.sectionText) || ' ';
  const blocks: KnownBlock[] = [{ type: 'section', text: { type: 'mrkdwn', text: body, verbatim: true } }];
  if (below !== undefined) {
    const linked = link(below.url, below.label, limits.contextText);
    blocks.push({ type: 'context', elements: [{ type: 'mrkdwn', text: linked, verbatim: true }] });
  }
  return blocks;
}

const mrkdwn = z.object({ type: z.literal('mrkdwn'), text: z.string() });
const section = z.object({ type: z.literal('section'), text: mrkdwn });
const context = z.object({ type: z.literal('context'), elements: z.tuple([mrkdwn]) });
const written = z.tuple([section]).or(z.tuple([section, context]));

/** What {@link writeBlocks} wrote; undefined for blocks that it did not write. */
export function readBlocks(blocks: unknown): MessageBody | undefined {
  const parsed = written.safeParse(blocks);
  if (!parsed.success) return undefined;
  const [head, foot] = parsed.data;
  const text = unescapeMrkdwn(head.text.text);
  if (foot === undefined) return { text };
  const [, url, label] = /^<([^|<>]+)\|([^|<>]+)>$/.exec(foot.elements[0].text) ?? [];
  if (url === undefined || label === undefined) return undefined;
  return { text, link: { url: unescapeMrkdwn(url), label: unescapeMrkdwn(label) } };
}
