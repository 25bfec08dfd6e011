import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { verifySlackRequest } from '@slack/bolt';
import { LogLevel, WebClient } from '@slack/web-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../front/loopback-front.ts';
import type { ClickForgery } from './block-actions.ts';
import { type SlackEmulator, startSlackEmulator } from './slack-emulator.ts';

let slack: SlackEmulator;
let client: WebClient;
let receiver: Server;
let url: string;
let received: { headers: Headers; body: string }[] = [];

const retryConfig = { retries: 0 };
const metadata = { event_type: 'connector_approval', event_payload: { approval_id: 'ap-1' } };
const blocks = [
  { type: 'section', text: { type: 'mrkdwn', text: 'Approve?' } },
  {
    type: 'actions',
    block_id: 'decision',
    elements: [
      {
        type: 'button',
        action_id: 'approve',
        text: { type: 'plain_text', text: 'Approve' },
        value: 'ap-1',
        style: 'primary',
      },
      { type: 'button', action_id: 'deny', text: { type: 'plain_text', text: 'Deny' }, value: 'ap-1', style: 'danger' },
    ],
  },
];

beforeAll(async () => {
  slack = await startSlackEmulator();
  client = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl, retryConfig, logLevel: LogLevel.ERROR });
  receiver = createAdaptorServer({
    fetch: async (request: Request) => {
      received.push({ headers: new Headers(request.headers), body: await request.text() });
      return new Response('seen');
    },
  }) as Server;
  url = `http://127.0.0.1:${await listen(receiver, 0)}/slack`;
});
beforeEach(async () => {
  received = [];
  await slack.reset();
});
afterAll(async () => {
  await slack.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

async function post(): Promise<string> {
  const answer = await client.chat.postMessage({
    channel: slack.channels.incidents ?? '',
    text: 'Approve?',
    blocks,
    metadata,
  });
  return answer.ts ?? '';
}

function isVerifiedByBolt({ headers, body }: { headers: Headers; body: string }): boolean {
  const signature = headers.get('x-slack-signature') ?? '';
  const timestamp = Number(headers.get('x-slack-request-timestamp'));
  try {
    verifySlackRequest({
      signingSecret: slack.signingSecret,
      body,
      headers: { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp },
    });
    return true;
  } catch {
    return false;
  }
}

describe('the Web API through @slack/web-api', () => {
  it('knows the bot', async () => {
    expect(await client.auth.test()).toMatchObject({ ok: true, user_id: slack.botUserId, team_id: slack.team.id });
  });

  it('posts blocks and metadata, updates them, and counts both', async () => {
    const channel = slack.channels.incidents ?? '';
    const ts = await post();
    expect(await slack.messages('incidents')).toMatchObject([
      { ts, text: 'Approve?', user: slack.botUserId, metadata, blocks },
    ]);
    await client.chat.update({ channel, ts, text: 'Approved', blocks: [blocks[0] ?? { type: 'divider' }] });
    const [updated] = await slack.messages('incidents');
    expect(updated).toMatchObject({ ts, text: 'Approved', metadata });
    expect(updated?.blocks).toHaveLength(1);
    expect(slack.effects).toEqual({ posts: 1, updates: 1, ephemerals: 0 });
  });

  it('shows metadata only on request', async () => {
    const channel = slack.channels.incidents ?? '';
    await post();
    const plain = await client.conversations.history({ channel });
    expect(plain.messages?.[0]).not.toHaveProperty('metadata');
    const full = await client.conversations.history({ channel, include_all_metadata: true });
    expect(full.messages?.[0]).toMatchObject({ metadata, app_id: slack.appId, bot_id: expect.any(String) });
  });

  it('bounds the history by oldest and latest, and pages', async () => {
    const channel = slack.channels.incidents ?? '';
    const all = [await post(), await post(), await post()];
    const [first = '', second = '', third = ''] = all;
    const read = async (bounds: Parameters<typeof client.conversations.history>[0]) =>
      (await client.conversations.history(bounds)).messages?.map(({ ts }) => ts);
    expect(await read({ channel, oldest: first })).toEqual([third, second]);
    expect(await read({ channel, oldest: first, inclusive: true, latest: second })).toEqual([second, first]);
    const page = await client.conversations.history({ channel, limit: 2 });
    expect(page.has_more).toBe(true);
    expect(await read({ channel, limit: 2, cursor: page.response_metadata?.next_cursor ?? '' })).toEqual([first]);
  });

  it('posts an ephemeral message, which no history shows', async () => {
    await client.chat.postEphemeral({ channel: slack.channels.general ?? '', user: 'U000000001', text: 'Only you' });
    expect(await slack.messages('general')).toEqual([]);
    expect(slack.effects.ephemerals).toBe(1);
  });

  it.each([
    ['a wrong token', 'xoxb-wrong', 'invalid_auth'],
    ['no token', undefined, 'not_authed'],
  ])('refuses %s', async (_name, token, error) => {
    const stranger = new WebClient(token, { slackApiUrl: slack.apiUrl, retryConfig, logLevel: LogLevel.ERROR });
    const call = stranger.chat.postMessage({ channel: slack.channels.general ?? '', text: 'x' });
    await expect(call).rejects.toMatchObject({ data: { ok: false, error } });
    expect(await slack.messages('general')).toEqual([]);
    expect(slack.effects.posts).toBe(0);
  });

  it('counts only what took effect', async () => {
    await expect(client.chat.postMessage({ channel: 'C404', text: 'x' })).rejects.toMatchObject({
      data: { error: 'channel_not_found' },
    });
    slack.faults.next({ kind: 'lose-reply' });
    await expect(post()).rejects.toThrow();
    expect(slack.effects.posts).toBe(1);
    expect(await slack.messages('incidents')).toHaveLength(1);
  });

  it('serves nothing outside the Web API', async () => {
    expect((await fetch(slack.url)).status).toBe(404);
  });
});

describe('a click', () => {
  it('is a signed block_actions post that Bolt itself verifies', async () => {
    const ts = await post();
    expect(await slack.click({ channel: 'incidents', ts, actionId: 'approve', user: 'dana', url })).toEqual({
      status: 200,
      body: 'seen',
    });
    const [request] = received;
    expect(request && isVerifiedByBolt(request)).toBe(true);
    expect(request?.headers.get('content-type')).toBe('application/x-www-form-urlencoded');
    expect(JSON.parse(new URLSearchParams(request?.body).get('payload') ?? '')).toMatchObject({
      type: 'block_actions',
      user: { id: slack.users.dana, username: 'dana', team_id: slack.team.id },
      api_app_id: slack.appId,
      team: { id: slack.team.id, domain: 'acme' },
      container: { type: 'message', message_ts: ts, channel_id: slack.channels.incidents },
      channel: { id: slack.channels.incidents, name: 'incidents' },
      message: { ts, metadata, text: 'Approve?', app_id: slack.appId, bot_id: expect.any(String) },
      actions: [
        {
          type: 'button',
          action_id: 'approve',
          block_id: 'decision',
          value: 'ap-1',
          action_ts: expect.stringMatching(/^\d{10}\.\d{6}$/),
        },
      ],
    });
  });

  it.each<[ClickForgery]>([['unsigned'], ['wrong-secret'], ['stale'], ['modified-body']])(
    'forged as %s does not verify',
    async (forgery) => {
      const ts = await post();
      await slack.forgeClick({ channel: 'incidents', ts, actionId: 'approve', user: 'dana', url, forgery });
      expect(received.map(isVerifiedByBolt)).toEqual([false]);
    },
  );

  it('from the future carries a signed timestamp ten minutes ahead', async () => {
    const before = Math.floor(Date.now() / 1000);
    const ts = await post();
    await slack.forgeClick({
      channel: 'incidents',
      ts,
      actionId: 'approve',
      user: 'dana',
      url,
      forgery: 'from-the-future',
    });
    expect(Number(received[0]?.headers.get('x-slack-request-timestamp'))).toBeGreaterThanOrEqual(before + 600);
  });

  it('can be made by somebody from elsewhere', async () => {
    const ts = await post();
    const stranger = { id: 'U0STRANGER', username: 'mallory', teamId: 'T0OTHER' };
    await slack.click({ channel: 'incidents', ts, actionId: 'approve', user: stranger, url });
    expect(JSON.parse(new URLSearchParams(received[0]?.body).get('payload') ?? '')).toMatchObject({
      user: { id: 'U0STRANGER', team_id: 'T0OTHER' },
    });
  });

  it('needs a button that the message has now', async () => {
    const ts = await post();
    const click = { channel: 'incidents', ts, actionId: 'approve', user: 'dana', url };
    await expect(slack.click({ ...click, actionId: 'nope' })).rejects.toMatchObject({ code: 'BUTTON_UNKNOWN' });
    await expect(slack.click({ ...click, value: 'ap-2' })).rejects.toMatchObject({ code: 'BUTTON_UNKNOWN' });
    await expect(slack.click({ ...click, user: 'nobody' })).rejects.toMatchObject({ code: 'DIRECTORY_UNKNOWN' });
    await client.chat.update({ channel: slack.channels.incidents ?? '', ts, text: 'Approved', blocks: [] });
    await expect(slack.click(click)).rejects.toMatchObject({ code: 'BUTTON_UNKNOWN' });
    expect(received).toEqual([]);
  });
});
