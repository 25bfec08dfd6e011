import type { ActionContext } from '@org/connector-sdk';
import { createTestContext } from '@org/connector-testing';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { postMessage } from './actions/post-message.ts';
import { updateMessage } from './actions/update-message.ts';
import { withdrawMessage } from './actions/withdraw-message.ts';
import { approval } from './approval-channels/approval.ts';
import { connection } from './connection.ts';

/** Answers as in Slack's documentation of its Web API. */
const input = { channel: 'C0123456', text: 'x' };
const config = { apiUrl: 'https://slack.com/api/', teamId: 'T0123456' };
const request = {
  approvalId: 'ap-1',
  title: 't',
  reason: 'r',
  requestedBy: 'x',
  context: [],
  actions: [],
  expiresAt: '2026-03-01T12:00:00Z',
  auditUrl: 'https://example.com/',
};

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => nock.restore());

const web = () => nock('https://slack.com').matchHeader('authorization', 'Bearer test');
const context = () => createTestContext({ config, authorization: 'Bearer test' });

function contextOf<Input>(given: Input): ActionContext<Input, typeof config> {
  return { ...context(), input: given, idempotencyKey: '01jd0000000000000000000abc', attempt: 1 };
}

describe('a write', () => {
  const post = () => web().post('/api/chat.postMessage');

  it.each([
    ['invalid_auth', 'SLACK_UNAUTHORIZED', 'refused'],
    ['missing_scope', 'SLACK_SCOPE_MISSING', 'refused'],
    ['not_in_channel', 'SLACK_CHANNEL_UNUSABLE', 'refused'],
    ['ratelimited', 'SLACK_RATE_LIMITED', 'retryable'],
    ['msg_too_long', 'SLACK_REFUSED', 'refused'],
    ['fatal_error', 'ACTION_OUTCOME_UNKNOWN', 'outcome-unknown'],
  ])('words %s', async (error, code, kind) => {
    post().reply(200, { ok: false, error, needed: 'chat:write', provided: 'none' });
    await expect(postMessage.run(contextOf(input))).rejects.toMatchObject({ code, kind });
  });

  it.each([
    [429, { 'retry-after': '30' }, 'SLACK_RATE_LIMITED', 'retryable'],
    [500, {}, 'ACTION_OUTCOME_UNKNOWN', 'outcome-unknown'],
    [503, {}, 'ACTION_OUTCOME_UNKNOWN', 'outcome-unknown'],
    [202, {}, 'ACTION_OUTCOME_UNKNOWN', 'outcome-unknown'],
    [404, {}, 'SLACK_REJECTED', 'failed'],
  ])('words a %i, and does not try again', async (status, headers, code, kind) => {
    post().reply(status, { ok: false, error: 'x' }, headers);
    await expect(postMessage.run(contextOf(input))).rejects.toMatchObject({ code, kind });
  });

  it('is unknown when the answer does not say where the message is', async () => {
    post().reply(200, { ok: true });
    await expect(postMessage.run(contextOf(input))).rejects.toMatchObject({ code: 'ACTION_OUTCOME_UNKNOWN' });
  });

  it('leaves what the runtime refused as it is', async () => {
    const refused = Object.assign(new Error('refused'), {
      code: 'EGRESS_HOST_DENIED',
      [Symbol.for('@org/connector-sdk/error')]: true,
    });
    const { http, ...rest } = contextOf(input);
    const run = postMessage.run({ ...rest, http: { ...http, fetch: () => Promise.reject(refused) } });
    await expect(run).rejects.toMatchObject({ code: 'EGRESS_HOST_DENIED' });
  });

  it('puts nothing of the answer into the error', async () => {
    post().reply(403, 'secret-of-the-answer', { 'x-secret': 'secret-of-the-answer' });
    const error: unknown = await postMessage.run(contextOf(input)).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error)).not.toContain('secret-of-the-answer');
    expect(error).toBeInstanceOf(Error);
    expect(error instanceof Error && error.cause).toBeUndefined();
  });
});

describe('resolving', () => {
  const history = () => web().get('/api/conversations.history').query(true);
  const resolve = () => postMessage.resolve?.(contextOf(input));

  it('leaves it open when the history may not be read', async () => {
    history().reply(200, { ok: false, error: 'missing_scope' });
    expect(await resolve()).toMatchObject({ outcome: 'unknown' });
  });

  it('leaves it open when there is more than it looks through', async () => {
    const page = { ok: true, messages: [], has_more: true, response_metadata: { next_cursor: 'bmV4dA==' } };
    history().times(5).reply(200, page);
    expect(await resolve()).toMatchObject({ outcome: 'unknown' });
  });

  it('passes on that it should be asked again later', async () => {
    history().reply(429, '', { 'retry-after': '3' });
    await expect(resolve()).rejects.toMatchObject({ code: 'SLACK_RATE_LIMITED', details: { retryAfterSeconds: 3 } });
  });
});

describe('what a message said before', () => {
  const place = { channel: 'C0123456', ts: '1700000000.000100' };
  const history = () => web().get('/api/conversations.history').query(true);

  it.each(['missing_scope', 'not_in_channel'])('is not known to a withdrawal after %s', async (error) => {
    history().reply(200, { ok: false, error });
    web().post('/api/chat.update').reply(200, { ok: true });
    expect(await withdrawMessage.run(contextOf(place))).toEqual({ ...place, before: null });
  });

  it('is asked for again later, before anything is written', async () => {
    history().reply(503, '');
    await expect(withdrawMessage.run(contextOf(place))).rejects.toMatchObject({ code: 'SLACK_UNAVAILABLE' });
  });

  it('must be known to a change', async () => {
    history().reply(200, { ok: false, error: 'missing_scope' });
    const changed = updateMessage.run(contextOf({ ...place, text: 'x' }));
    await expect(changed).rejects.toMatchObject({ code: 'SLACK_SCOPE_MISSING' });
  });

  it('is not read from blocks that somebody else wrote', async () => {
    const metadata = { event_type: 'connector_message', event_payload: {} };
    history().reply(200, { ok: true, messages: [{ ts: place.ts, metadata, blocks: [{ type: 'rich_text' }] }] });
    web().post('/api/chat.update').reply(200, { ok: true });
    expect(await updateMessage.run(contextOf({ ...place, text: 'x' }))).toMatchObject({ before: null });
  });
});

describe('asking for approval', () => {
  it('goes on when the history may not be read, and says so in the log', async () => {
    web().get('/api/conversations.history').query(true).reply(200, { ok: false, error: 'missing_scope' });
    web().post('/api/chat.postMessage').reply(200, { ok: true, channel: 'C0123456', ts: '1700000000.000100' });
    const call = { ...context(), target: { channel: 'C0123456' }, idempotencyKey: '01jd0000000000000000000abc' };
    expect(await approval.request(call, request)).toEqual({ channel: 'C0123456', ts: '1700000000.000100' });
    expect(call.lines).toMatchObject([{ level: 'warn', fields: { code: 'SLACK_SCOPE_MISSING' } }]);
  });
});

describe('the config', () => {
  it('has the API of Slack as its default', () => {
    expect(connection.config.parse({ teamId: 'T0123456' })).toEqual(config);
  });

  it.each([
    'http://slack.com/api/',
    'https://slack.com/api',
    'https://u:p@slack.com/api/',
    'https://slack.com/api/?x=/',
  ])('refuses %s', (apiUrl) => {
    expect(connection.config.safeParse({ apiUrl, teamId: 'T0123456' }).success).toBe(false);
  });
});
