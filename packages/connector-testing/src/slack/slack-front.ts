import { type FrontRequest, toFetchRequest } from '../front/loopback-front.ts';
import { slackError } from './slack-replies.ts';

export interface SlackEffects {
  /** Messages that `chat.postMessage` really posted. */
  posts: number;
  /** Messages that `chat.update` really changed. */
  updates: number;
  /** Messages shown to one person by `chat.postEphemeral`. */
  ephemerals: number;
}

export interface SlackFrontPorts {
  behindUrl: string;
  isKnownToken(token: string): boolean;
  /** Whose messages carry `bot_id` and `app_id`. */
  bot: { userId: string; botId: string; appId: string };
  effects: SlackEffects;
  /** Members by user group. */
  userGroups: Readonly<Record<string, readonly string[]>>;
}

/** Checks the token, which emulate does not, passes the call on, counts what took effect, and completes the history. */
export async function answerSlackCall(request: FrontRequest, ports: SlackFrontPorts): Promise<Response> {
  const method = /^\/api\/([a-zA-Z.]+)$/.exec(request.url.pathname)?.[1];
  if (method === undefined) return new Response('Not Found', { status: 404 });
  const form = readParameters(request);
  const token = readToken(request, form);
  if (token === undefined || token === '') return slackError('not_authed');
  if (!ports.isKnownToken(token)) return slackError('invalid_auth');
  const authorized = { ...request, headers: new Headers(request.headers) };
  authorized.headers.set('authorization', `Bearer ${token}`);
  if (method === 'conversations.history') return readHistory(authorized, form, ports);
  if (method === 'usergroups.users.list') return listMembers(form, ports);
  const behind = new URL(request.url.pathname + request.url.search, ports.behindUrl);
  const response = await fetch(toFetchRequest(authorized, behind));
  const text = await response.text();
  if (isOk(text)) {
    if (method === 'chat.postMessage') ports.effects.posts += 1;
    if (method === 'chat.update') ports.effects.updates += 1;
    if (method === 'chat.postEphemeral') ports.effects.ephemerals += 1;
  }
  return new Response(text, {
    status: response.status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
}

/** emulate knows neither `oldest`, `latest` and `inclusive`, nor that metadata is shown only on request. */
async function readHistory(request: FrontRequest, form: URLSearchParams, ports: SlackFrontPorts): Promise<Response> {
  const authorization = request.headers.get('authorization') ?? '';
  const body = new URLSearchParams({ channel: form.get('channel') ?? '', limit: '1000' });
  const response = await fetch(new URL('/api/conversations.history', ports.behindUrl), {
    method: 'POST',
    headers: { authorization },
    body,
  });
  const answer: unknown = await response.json();
  if (!isHistory(answer)) return Response.json(answer, { status: response.status });
  const isInclusive = isTrue(form.get('inclusive'));
  const oldest = Number(form.get('oldest') ?? 0);
  const latest = Number(form.get('latest') ?? Number.POSITIVE_INFINITY);
  const inRange = answer.messages.filter((message) => {
    const ts = Number(message.ts);
    return isInclusive ? ts >= oldest && ts <= latest : ts > oldest && ts < latest;
  });
  const limit = Math.min(Math.max(Number(form.get('limit') ?? 100) || 100, 1), 999);
  const start = Number(Buffer.from(form.get('cursor') ?? '', 'base64').toString()) || 0;
  const page = inRange.slice(start, start + limit).map((message) => {
    const { metadata, ...rest } = nameBot(message, ports.bot);
    return metadata !== undefined && isTrue(form.get('include_all_metadata')) ? { ...rest, metadata } : rest;
  });
  const hasMore = start + limit < inRange.length;
  const nextCursor = hasMore ? Buffer.from(String(start + limit)).toString('base64') : '';
  return Response.json({ ok: true, messages: page, has_more: hasMore, response_metadata: { next_cursor: nextCursor } });
}

/** emulate knows no user groups. */
function listMembers(form: URLSearchParams, { userGroups }: SlackFrontPorts): Response {
  const group = form.get('usergroup') ?? '';
  const users = Object.hasOwn(userGroups, group) ? userGroups[group] : undefined;
  return users === undefined ? slackError('no_such_subteam') : Response.json({ ok: true, users });
}

/** Slack names the app on its bot's messages; emulate does not. */
export function nameBot<Message extends Record<string, unknown>>(
  message: Message,
  bot: SlackFrontPorts['bot'],
): Message {
  return message.user === bot.userId ? { bot_id: bot.botId, app_id: bot.appId, ...message } : message;
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

function isHistory(value: unknown): value is { messages: Record<string, unknown>[] } {
  return typeof value === 'object' && value !== null && 'messages' in value && Array.isArray(value.messages);
}

function isOk(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'ok' in parsed && parsed.ok === true;
  } catch {
    return false;
  }
}

/** Slack takes a call's parameters from the query, a form or JSON. */
function readParameters(request: FrontRequest): URLSearchParams {
  const parameters = new URLSearchParams(request.url.search);
  const text = Buffer.from(request.body).toString('utf8');
  const type = request.headers.get('content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) {
    for (const [name, value] of new URLSearchParams(text)) parameters.set(name, value);
  } else if (type.startsWith('application/json')) {
    try {
      const parsed: unknown = JSON.parse(text);
      for (const [name, value] of Object.entries(parsed ?? {})) {
        if (typeof value !== 'object') parameters.set(name, String(value));
      }
    } catch {
      // The service behind answers a body that is no JSON.
    }
  }
  return parameters;
}

function readToken(request: FrontRequest, form: URLSearchParams): string | undefined {
  const header = request.headers.get('authorization');
  if (header !== null) return /^Bearer (\S+)$/i.exec(header)?.[1] ?? '';
  return form.get('token') ?? undefined;
}
