import { createHmac, randomBytes } from 'node:crypto';
import type { FoundButton, SlackMessage } from './slack-message.ts';

export interface ClickingPerson {
  id: string;
  username: string;
  teamId: string;
}

export interface BlockActionsContext {
  appId: string;
  team: { id: string; domain: string };
  channel: { id: string; name: string };
  message: SlackMessage;
  person: ClickingPerson;
  found: FoundButton;
  responseUrl: string;
  epochMs: number;
}

/** The `block_actions` payload that Slack sends when somebody clicks a button of a message. */
export function formatBlockActions(context: BlockActionsContext): Record<string, unknown> {
  const { appId, team, channel, message, person, found, responseUrl, epochMs } = context;
  const { action_id, text, value, style, type } = found.button;
  return {
    type: 'block_actions',
    user: { id: person.id, username: person.username, name: person.username, team_id: person.teamId },
    api_app_id: appId,
    container: { type: 'message', message_ts: message.ts, channel_id: channel.id, is_ephemeral: false },
    trigger_id: `${epochMs}.${randomBytes(5).readUIntBE(0, 5)}.${randomBytes(16).toString('hex')}`,
    team,
    enterprise: null,
    is_enterprise_install: false,
    channel,
    message: { ...message, team: team.id },
    state: { values: {} },
    response_url: responseUrl,
    actions: [
      {
        action_id,
        block_id: found.blockId,
        text,
        ...(value === undefined ? {} : { value }),
        ...(style === undefined ? {} : { style }),
        type,
        action_ts: (epochMs / 1000).toFixed(6),
      },
    ],
  };
}

/** How a click differs from an honest one, for tests of the receiver. */
export type ClickForgery = 'unsigned' | 'wrong-secret' | 'stale' | 'from-the-future' | 'modified-body';

export interface SignedForm {
  body: string;
  headers: Record<string, string>;
}

/** Signs a form body by Slack's v0 scheme: HMAC-SHA256 over `v0:{timestamp}:{body}`. */
export function signInteraction(payload: unknown, secret: string, epochMs: number, forgery?: ClickForgery): SignedForm {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const driftSeconds = forgery === 'stale' ? -600 : forgery === 'from-the-future' ? 600 : 0;
  const timestamp = String(Math.floor(epochMs / 1000) + driftSeconds);
  const key = forgery === 'wrong-secret' ? `${secret}-wrong` : secret;
  const signed = forgery === 'modified-body' ? body.replace('block_actions', 'view_submission') : body;
  const signature = `v0=${createHmac('sha256', key).update(`v0:${timestamp}:${signed}`).digest('hex')}`;
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    ...(forgery === 'unsigned' ? {} : { 'x-slack-signature': signature }),
  };
  return { body, headers };
}
