import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { TestingError } from '../errors.ts';
import { type BehindFront, startBehindFront } from '../front/behind-front.ts';
import type { FaultSwitches } from '../front/fault-switches.ts';
import { startLoopbackFront } from '../front/loopback-front.ts';
import type { SeenRequest } from '../front/request-log.ts';
import { type ClickForgery, type ClickingPerson, formatBlockActions, signInteraction } from './block-actions.ts';
import { answerSlackCall, nameBot, type SlackEffects } from './slack-front.ts';
import { listButtons, type SlackMessage, slackMessage } from './slack-message.ts';
import { slackReplies } from './slack-replies.ts';

export interface SlackEmulatorOptions {
  /** Default 0: any free port. */
  port?: number;
  /** Default: made at start. */
  botToken?: string;
  /** Default: made at start. */
  signingSecret?: string;
  team?: { name: string; domain: string };
  /** People of the workspace, by user name, besides `admin`. */
  users?: { name: string; realName?: string }[];
  /** Public channels by name, besides `general` and `random`. */
  channels?: string[];
  /** Milliseconds since the epoch; default `Date.now`. */
  clock?: () => number;
}

export interface ButtonClick {
  /** Channel name or id. */
  channel: string;
  ts: string;
  actionId: string;
  /** User name or id; the object form is somebody the workspace does not know. */
  user: string | ClickingPerson;
  /** Picks one of several buttons with the same `actionId`. */
  value?: string;
  /** Where the Slack app's interactivity URL points. */
  url: string;
}

export interface ClickAnswer {
  status: number;
  body: string;
}

export interface SlackEmulator {
  readonly url: string;
  /** For `slackApiUrl` of `@slack/web-api`; ends in a slash. */
  readonly apiUrl: string;
  readonly port: number;
  readonly botToken: string;
  readonly signingSecret: string;
  readonly appId: string;
  readonly botUserId: string;
  readonly team: { id: string; name: string; domain: string };
  /** User ids by user name. They change on reset. */
  readonly users: Readonly<Record<string, string>>;
  /** Channel ids by name. They change on reset, except `general` and `random`. */
  readonly channels: Readonly<Record<string, string>>;
  /** Ids of members by the id of a user group (`S…`): set them. Emptied on reset. */
  readonly userGroups: Record<string, readonly string[]>;
  readonly effects: Readonly<SlackEffects>;
  readonly faults: FaultSwitches;
  readonly requests: readonly SeenRequest[];
  /** Messages of a channel (name or id), newest first, with metadata. */
  messages(channel: string): Promise<SlackMessage[]>;
  /** Clicks a button that the stored message really has. Throws `BUTTON_UNKNOWN`, `DIRECTORY_UNKNOWN`. */
  click(click: ButtonClick): Promise<ClickAnswer>;
  /** The same click, not as Slack would send it. */
  forgeClick(click: ButtonClick & { forgery: ClickForgery }): Promise<ClickAnswer>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

const app = { appId: 'A0CONNECT01', botId: 'B0CONNECT01', userId: 'U0CONNECT01', name: 'connector' };
const scopes = [
  'chat:write',
  'channels:read',
  'channels:history',
  'usergroups:read',
  'groups:history',
  'im:write',
  'users:read',
  'team:read',
];

const directorySchema = z.object({
  members: z.array(z.object({ id: z.string(), name: z.string() })),
  channels: z.array(z.object({ id: z.string(), name: z.string() })),
  team: z.object({ id: z.string(), name: z.string(), domain: z.string() }),
});
const historySchema = z.object({ messages: z.array(slackMessage) });

/** Starts a Slack workspace with one installed app on 127.0.0.1: emulate's Web API behind a front that checks tokens. */
export async function startSlackEmulator(options: SlackEmulatorOptions = {}): Promise<SlackEmulator> {
  const clock = options.clock ?? Date.now;
  const botToken = options.botToken ?? `xoxb-${randomBytes(24).toString('hex')}`;
  const signingSecret = options.signingSecret ?? randomBytes(16).toString('hex');
  const effects: SlackEffects = { posts: 0, updates: 0, ephemerals: 0 };
  const userGroups: Record<string, readonly string[]> = {};
  let behind: BehindFront | undefined;
  const front = await startLoopbackFront({
    port: options.port ?? 0,
    replies: slackReplies,
    respond: (request) =>
      answerSlackCall(request, {
        behindUrl: behind?.url ?? '',
        bot: app,
        effects,
        userGroups,
        isKnownToken: (token) => token === botToken,
      }),
  });
  const started = await startBehindFront({ service: 'slack', seed: buildSeed(options, botToken) }, front.url);
  behind = started;

  const ask = async (method: string, parameters: Record<string, string> = {}): Promise<unknown> => {
    const headers = { authorization: `Bearer ${botToken}` };
    const body = new URLSearchParams(parameters);
    const response = await fetch(new URL(`/api/${method}`, started.url), { method: 'POST', headers, body });
    return response.json();
  };
  const readDirectory = async () => {
    const answers = await Promise.all([
      ask('users.list', { limit: '1000' }),
      ask('conversations.list', { limit: '1000' }),
      ask('team.info'),
    ]);
    return directorySchema.parse(Object.assign({}, ...answers));
  };
  let directory = await readDirectory();
  const byName = (entries: { id: string; name: string }[]) =>
    Object.fromEntries(entries.map(({ id, name }) => [name, id]));
  const find = (entries: { id: string; name: string }[], key: string) => {
    const entry = entries.find(({ id, name }) => id === key || name === key);
    if (!entry)
      throw new TestingError('DIRECTORY_UNKNOWN', `the workspace has no user or channel ${key}`, { details: { key } });
    return entry;
  };
  const messages = async (channel: string) => {
    const { id } = find(directory.channels, channel);
    return historySchema
      .parse(await ask('conversations.history', { channel: id, limit: '1000' }))
      .messages.map((message) => nameBot(message, app));
  };
  const send = async (click: ButtonClick, forgery?: ClickForgery): Promise<ClickAnswer> => {
    const channel = find(directory.channels, click.channel);
    const message = (await messages(channel.id)).find(({ ts }) => ts === click.ts);
    const found =
      message &&
      listButtons(message).find(
        ({ button }) =>
          button.action_id === click.actionId && (click.value === undefined || button.value === click.value),
      );
    if (!message || !found) {
      const details = { channel: channel.id, ts: click.ts, actionId: click.actionId };
      throw new TestingError('BUTTON_UNKNOWN', 'no message there has this button; see messages(channel)', { details });
    }
    const payload = formatBlockActions({
      appId: app.appId,
      team: { id: directory.team.id, domain: directory.team.domain },
      channel,
      message,
      person:
        typeof click.user === 'string'
          ? readPerson(find(directory.members, click.user), directory.team.id)
          : click.user,
      found,
      responseUrl: `${front.url}/actions/${directory.team.id}/${randomBytes(12).toString('hex')}`,
      epochMs: clock(),
    });
    const signed = signInteraction(payload, signingSecret, clock(), forgery);
    const response = await fetch(click.url, {
      method: 'POST',
      headers: signed.headers,
      body: signed.body,
      redirect: 'manual',
    });
    return { status: response.status, body: await response.text() };
  };

  return {
    url: front.url,
    apiUrl: `${front.url}/api/`,
    port: front.port,
    botToken,
    signingSecret,
    appId: app.appId,
    botUserId: app.userId,
    get team() {
      return directory.team;
    },
    get users() {
      return byName(directory.members);
    },
    get channels() {
      return byName(directory.channels);
    },
    effects,
    userGroups,
    faults: front.faults,
    requests: front.requests.seen,
    messages,
    click: (click) => send(click),
    forgeClick: ({ forgery, ...click }) => send(click, forgery),
    async reset() {
      front.faults.clear();
      started.emulator.reset();
      directory = await readDirectory();
      front.requests.clear();
      for (const group of Object.keys(userGroups)) delete userGroups[group];
      Object.assign(effects, { posts: 0, updates: 0, ephemerals: 0 });
    },
    async close() {
      await front.close();
      await started.emulator.close();
    },
  };
}

function readPerson(user: { id: string; name: string }, teamId: string): ClickingPerson {
  return { id: user.id, username: user.name, teamId };
}

function buildSeed(options: SlackEmulatorOptions, botToken: string) {
  const users = options.users ?? [
    { name: 'dana', realName: 'Dana Approver' },
    { name: 'guest', realName: 'Gus Guest' },
  ];
  return {
    slack: {
      team: options.team ?? { name: 'Acme', domain: 'acme' },
      users: users.map(({ name, realName }) => ({ name, real_name: realName ?? name })),
      channels: (options.channels ?? ['incidents']).map((name) => ({ name })),
      strict_scopes: true,
      oauth_apps: [
        {
          client_id: '1.1',
          client_secret: randomBytes(16).toString('hex'),
          name: 'Connector',
          redirect_uris: [],
          scopes,
          app_id: app.appId,
          bot_id: app.botId,
          bot_user_id: app.userId,
          bot_name: app.name,
        },
      ],
      tokens: [
        {
          token: botToken,
          type: 'bot',
          user_id: app.userId,
          bot_id: app.botId,
          bot_user_id: app.userId,
          app_id: app.appId,
          scopes,
        },
      ],
    },
  };
}
