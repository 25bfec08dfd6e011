import { createServer, type Server } from 'node:http';
import { type ApprovalDecision, type ApprovalRequest, type Delivery, isConnectorError } from '@org/connector-sdk';
import { createTestContext, createTestDelivery, type SlackEmulator, startSlackEmulator } from '@org/connector-testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { approval } from './approval.ts';

const request: ApprovalRequest = {
  approvalId: '0190b0c0-0000-7000-8000-000000000001',
  title: 'Assign INC0010001',
  reason: 'A release broke <!channel> checkout',
  requestedBy: 'incident-triage',
  context: [{ name: 'Incident', value: 'INC0010001', url: 'https://example.service-now.com/INC0010001' }],
  actions: [
    {
      action: 'servicenow.update-assignment',
      title: 'Update the assignment',
      risk: 'medium',
      facts: [{ name: 'group', value: 'none → Payments' }],
    },
  ],
  expiresAt: '2026-03-01T12:00:00.000Z',
  auditUrl: 'https://console.example.com/runs/1',
};
const decision: ApprovalDecision = {
  approvalId: request.approvalId,
  decision: 'approved',
  actor: 'slack:T00000001/U00000042',
  decidedAt: '2026-03-01T11:00:00.000Z',
  auditUrl: 'https://console.example.com/runs/1',
  request,
};

let slack: SlackEmulator;
let receiver: Server;
let url: string;
let received: Delivery[] = [];

beforeAll(async () => {
  slack = await startSlackEmulator();
  receiver = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      received.push(
        createTestDelivery({ body: Buffer.concat(chunks), contentType: incoming.headers['content-type'] ?? '' }),
      );
      answer.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  if (address === null || typeof address === 'string') throw new Error('a port is expected');
  url = `http://127.0.0.1:${address.port}/`;
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

function contextOf(idempotencyKey = '01jd0000000000000000000abc') {
  const context = createTestContext({
    config: { apiUrl: slack.apiUrl, teamId: slack.team.id },
    authorization: `Bearer ${slack.botToken}`,
  });
  return { ...context, target: { channel: slack.channels.incidents ?? '' }, idempotencyKey };
}

describe('request', () => {
  it('posts one message with buttons and a mark', async () => {
    const ref = await approval.request(contextOf(), request);
    const [message] = await slack.messages('incidents');
    expect(ref).toEqual({ channel: slack.channels.incidents, ts: message?.ts });
    expect(message?.metadata).toEqual({
      event_type: 'connector_approval',
      event_payload: { approval_id: request.approvalId, idempotency_key: '01jd0000000000000000000abc' },
    });
    expect(JSON.stringify(message?.blocks)).not.toContain('<!channel>');
    expect(slack.effects).toMatchObject({ posts: 1 });
  });

  it('a swallowed reply: the second attempt finds the message of the first', async () => {
    slack.faults.next({ kind: 'lose-reply', match: { path: 'chat.postMessage' } });
    const lost = approval.request(contextOf(), request);
    await expect(lost).rejects.toMatchObject({ code: 'ACTION_OUTCOME_UNKNOWN', kind: 'outcome-unknown' });
    const ref = await approval.request(contextOf(), request);
    expect((await slack.messages('incidents')).map(({ ts }) => ts)).toEqual([ref.ts]);
    expect(slack.effects.posts).toBe(1);
  });

  it('another request is another message', async () => {
    await approval.request(contextOf(), request);
    await approval.request(contextOf('01jd0000000000000000000def'), request);
    expect(slack.effects.posts).toBe(2);
  });

  it('sends no token of its own, in the header or in the body', async () => {
    const { http, ...call } = contextOf();
    const sent: Request[] = [];
    const fetch: typeof globalThis.fetch = async (input, init) => {
      sent.push(new Request(input, init));
      return Response.json({ ok: true, channel: call.target.channel, ts: '1700000000.000100' });
    };
    await approval.request({ ...call, http: { ...http, fetch } }, request);
    expect(sent.map(({ url: to }) => new URL(to).pathname)).toEqual(['/api/chat.postMessage']);
    for (const each of sent) {
      expect(each.headers.has('authorization')).toBe(false);
      expect(new URLSearchParams(await each.text()).has('token')).toBe(false);
    }
  });
});

describe('update', () => {
  it('takes the buttons away and says who decided, in the same message', async () => {
    const ref = await approval.request(contextOf(), request);
    await approval.update(contextOf(), ref, decision);
    const [message, ...rest] = await slack.messages('incidents');
    expect(rest).toEqual([]);
    expect(message?.blocks?.some(({ type }) => type === 'actions')).toBe(false);
    expect(JSON.stringify(message?.blocks)).toContain('<@U00000042>');
    expect(JSON.stringify(message?.blocks)).toContain('<https://console.example.com/runs/1|Audit trail>');
    await approval.update(contextOf(), ref, decision);
    expect(slack.effects.posts).toBe(1);
  });

  it('says when the message is gone', async () => {
    const gone = { channel: slack.channels.incidents ?? '', ts: '1700000000.000100' };
    await expect(approval.update(contextOf(), gone, decision)).rejects.toMatchObject({
      code: 'SLACK_MESSAGE_NOT_FOUND',
    });
    await expect(approval.update(contextOf(), {}, decision)).rejects.toMatchObject({ code: 'SLACK_REF_INVALID' });
  });
});

describe('an open question', () => {
  const progressOf = (approvedBy: readonly string[]) => ({
    approvalId: request.approvalId,
    approvedBy,
    needed: 2,
    request,
  });

  it('shows how many of how many have approved, in the same message, and keeps its buttons', async () => {
    const ref = await approval.request(contextOf(), { ...request, needed: 2 });
    expect(JSON.stringify(await slack.messages('incidents'))).toContain('Needs *2* people');
    await approval.progress?.(contextOf(), ref, progressOf(['slack:T00000001/U00000042']));
    const [message, ...rest] = await slack.messages('incidents');
    expect(rest).toEqual([]);
    expect(JSON.stringify(message?.blocks)).toContain('*1 of 2* approved: <@U00000042>');
    expect(message?.blocks?.some(({ type }) => type === 'actions')).toBe(true);
    await slack.click({ channel: 'incidents', ts: ref.ts ?? '', actionId: 'deny', user: 'dana', url });
    expect(received).toHaveLength(1);
  });

  it('names everybody who approved once it is decided', async () => {
    const ref = await approval.request(contextOf(), { ...request, needed: 2 });
    const approvedBy = ['slack:T00000001/U00000042', 'token:anna <!here>'];
    await approval.update(contextOf(), ref, { ...decision, approvedBy });
    const [message] = await slack.messages('incidents');
    expect(JSON.stringify(message?.blocks)).toContain('*Approved* by <@U00000042>, token:anna &lt;!here&gt;');
  });

  it('reminds in the thread of the message, and shows it to the channel', async () => {
    const ref = await approval.request(contextOf(), request);
    await approval.remind?.(contextOf(), ref, progressOf([]));
    expect(slack.effects.posts).toBe(2);
    const { http, ...call } = contextOf();
    let body = '';
    const fetch: typeof globalThis.fetch = async (input, init) => {
      body = await new Request(input, init).text();
      return Response.json({ ok: true, channel: ref.channel, ts: '1700000000.000100' });
    };
    await approval.remind?.({ ...call, http: { ...http, fetch } }, ref, progressOf([]));
    const sent = new URLSearchParams(body);
    expect([sent.get('thread_ts'), sent.get('reply_broadcast')]).toEqual([ref.ts, 'true']);
    expect(sent.get('blocks')).toContain('*0 of 2* approved.');
    expect(sent.get('blocks')).not.toContain('actions');
  });
});

describe('pitfall 18: a user group', () => {
  const asks = (actor: string, group = `slack:${slack.team.id}/S0OPS`) =>
    approval.groups?.isMember(contextOf(), { actor, group });

  it('has who Slack says is in it now', async () => {
    const dana = `slack:${slack.team.id}/${slack.users.dana}`;
    slack.userGroups.S0OPS = [slack.users.dana ?? ''];
    expect(await asks(dana)).toBe(true);
    expect(await asks(`slack:${slack.team.id}/${slack.users.guest}`)).toBe(false);
    slack.userGroups.S0OPS = [];
    expect(await asks(dana)).toBe(false);
  });

  it('has nobody of another workspace, nobody of another channel, and asks Slack nothing about them', async () => {
    slack.userGroups.S0OPS = [slack.users.dana ?? ''];
    const before = slack.requests.length;
    expect(await asks(`slack:T0OTHER/${slack.users.dana}`)).toBe(false);
    expect(await asks('admin:dana')).toBe(false);
    expect(slack.requests.length).toBe(before);
  });

  it.each([['slack:T0OTHER/S0OPS'], ['S0OPS'], ['slack:ops']])(
    'that is none of this workspace (%s) throws',
    async (group) => {
      await expect(asks(`slack:${slack.team.id}/U1`, group)).rejects.toMatchObject({ code: 'SLACK_GROUP_INVALID' });
    },
  );

  it('that Slack does not know throws, as does an answer that is none', async () => {
    const dana = `slack:${slack.team.id}/${slack.users.dana}`;
    await expect(asks(dana, `slack:${slack.team.id}/S0GONE`)).rejects.toMatchObject({ code: 'SLACK_REFUSED' });
    slack.userGroups.S0OPS = [slack.users.dana ?? ''];
    slack.faults.next({ kind: 'server-error-5xx', match: { path: 'usergroups.users.list' } });
    await expect(asks(dana)).rejects.toMatchObject({ code: 'SLACK_UNAVAILABLE', kind: 'retryable' });
  });
});

describe('parseDecision', () => {
  it.each([
    ['approve', 'approved'],
    ['deny', 'denied'],
  ])('reads a real click on %s', async (actionId, expected) => {
    const { ts = '' } = await approval.request(contextOf(), request);
    await slack.click({ channel: 'incidents', ts, actionId, user: 'dana', url });
    const [delivery] = received;
    expect(delivery && approval.parseDecision(delivery)).toEqual({
      approvalId: request.approvalId,
      decision: expected,
      actor: `slack:${slack.team.id}/${slack.users.dana}`,
    });
  });

  it("names a guest of another workspace by that workspace, not by the channel's", async () => {
    const { ts = '' } = await approval.request(contextOf(), request);
    const user = { id: 'U0STRANGER', username: 'mallory', teamId: 'T0OTHER' };
    await slack.click({ channel: 'incidents', ts, actionId: 'approve', user, url });
    const [delivery] = received;
    expect(delivery && approval.parseDecision(delivery)?.actor).toBe('slack:T0OTHER/U0STRANGER');
  });

  const form = (payload: unknown) =>
    createTestDelivery({
      contentType: 'application/x-www-form-urlencoded',
      body: new URLSearchParams({
        payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
      }).toString(),
    });
  const click = {
    type: 'block_actions',
    team: { id: 'T1A' },
    user: { id: 'U1A' },
    actions: [{ action_id: 'approve', value: 'ap-1' }],
  };

  it('is undefined for what is no decision', () => {
    expect(approval.parseDecision(form({ ...click, actions: [{ action_id: 'audit' }] }))).toBeUndefined();
    expect(approval.parseDecision(form({ type: 'view_submission' }))).toBeUndefined();
    expect(
      approval.parseDecision(createTestDelivery({ body: '{"type":"url_verification","challenge":"x"}' })),
    ).toBeUndefined();
    const empty = createTestDelivery({ contentType: 'application/x-www-form-urlencoded', body: 'command=/x' });
    expect(approval.parseDecision(empty)).toBeUndefined();
  });

  it.each([
    ['no JSON', 'x'],
    ['no person', { ...click, user: {} }],
    ['no approval', { ...click, actions: [{ action_id: 'approve' }] }],
    ['no workspace', { ...click, team: null }],
    ['a person whose id carries a path', { ...click, user: { id: 'U1/../U2' } }],
    ['no actions', { ...click, actions: [] }],
  ])('refuses %s', (_name, payload) => {
    const parse = () => approval.parseDecision(form(payload));
    expect(parse).toThrow(expect.objectContaining({ code: 'SLACK_INTERACTION_INVALID' }));
  });

  it('of any bytes gives a decision, nothing, or an ActionError', () => {
    const payloads = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ team: fc.anything(), user: fc.anything(), actions: fc.anything() })
        .map((change) => JSON.stringify({ ...click, ...change }) ?? ''),
    );
    const contentTypes = fc.constantFrom('application/x-www-form-urlencoded', 'application/json');
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      payloads.map((payload) => new TextEncoder().encode(new URLSearchParams({ payload }).toString())),
    );
    fc.assert(
      fc.property(bodies, contentTypes, (body, contentType) => {
        try {
          const parsed = approval.parseDecision(createTestDelivery({ body, contentType }));
          if (parsed !== undefined) expect(parsed.actor).toMatch(/^slack:[A-Z0-9]+\/[A-Z0-9]+$/);
        } catch (error) {
          if (!isConnectorError(error)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
