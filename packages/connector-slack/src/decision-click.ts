import { ActionError, type Delivery, type ParsedDecision } from '@org/connector-sdk';
import * as z from 'zod';

const interaction = z.object({ type: z.string() });

const blockActions = z.object({
  team: z.object({ id: slackId() }).nullish(),
  user: z.object({ id: slackId(), team_id: slackId().optional() }),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).min(1),
});

const approvalId = z.string().min(1).max(200);

/**
 * The decision in an interaction that Slack posted: a click on one of our two buttons. Undefined for everything else, such
 * as other buttons of the same app or a click on a link.
 *
 * @throws ActionError `SLACK_INTERACTION_INVALID`
 */
export function parseDecision(delivery: Delivery): ParsedDecision | undefined {
  if (delivery.contentType !== 'application/x-www-form-urlencoded') return undefined;
  const payload = delivery.form().get('payload');
  if (payload === null) return undefined;
  const value = readJson(payload);
  if (read(interaction, value).type !== 'block_actions') return undefined;
  const { team, user, actions } = read(blockActions, value);
  const [click] = actions;
  if (click?.action_id !== 'approve' && click?.action_id !== 'deny') return undefined;
  // Who clicks in a shared channel may be of another workspace than the channel: their own one counts.
  const home = user.team_id ?? team?.id;
  if (home === undefined) throw invalid();
  return {
    approvalId: read(approvalId, click.value),
    decision: click.action_id === 'approve' ? 'approved' : 'denied',
    actor: `slack:${home}/${user.id}`,
  };
}

function slackId() {
  return z.string().regex(/^[A-Z0-9]{2,40}$/);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid();
  }
}

function read<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid();
  return parsed.data;
}

function invalid(): ActionError {
  return new ActionError(
    'SLACK_INTERACTION_INVALID',
    'an interaction does not have the form that Slack documents: check which app posts to this address',
  );
}
