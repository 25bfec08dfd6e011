import type { ActionContext } from '@org/connector-sdk';
import { createTestContext, type SlackEmulator, startSlackEmulator } from '@org/connector-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { approval } from '../approval-channels/approval.ts';
import { connection } from '../connection.ts';
import { postMessage } from './post-message.ts';
import { updateMessage } from './update-message.ts';
import { withdrawMessage } from './withdraw-message.ts';

let slack: SlackEmulator;
beforeAll(async () => {
  slack = await startSlackEmulator();
});
beforeEach(() => slack.reset());
afterAll(() => slack.close());

function contextOf<Input>(input: Input): ActionContext<Input, { apiUrl: string; teamId: string }> {
  const config = { apiUrl: slack.apiUrl, teamId: slack.team.id };
  const context = createTestContext({ config, authorization: `Bearer ${slack.botToken}` });
  return { ...context, input, idempotencyKey: '01jd0000000000000000000abc', attempt: 1 };
}

const inputOf = (text: string) => ({
  channel: slack.channels.incidents ?? '',
  text,
  link: { url: 'https://console.example.com/runs/1', label: 'Audit trail' },
});

describe('post-message', () => {
  it('posts the text as it is, with a link, and resolve finds it', async () => {
    const input = inputOf('Approved <!channel> & done');
    const output = await postMessage.run(contextOf(input));
    expect(postMessage.output.parse(output)).toEqual(output);
    const [message] = await slack.messages('incidents');
    expect(message?.blocks).toMatchObject([
      { type: 'section', text: { text: 'Approved &lt;!channel&gt; &amp; done', verbatim: true } },
      { type: 'context', elements: [{ text: '<https://console.example.com/runs/1|Audit trail>' }] },
    ]);
    expect(await postMessage.resolve?.(contextOf(input))).toEqual({ outcome: 'applied', output });
  });

  it('a swallowed reply: unknown, then found; posted once', async () => {
    const input = inputOf('Done');
    expect(await postMessage.resolve?.(contextOf(input))).toEqual({ outcome: 'not-applied' });
    slack.faults.next({ kind: 'lose-reply' });
    await expect(postMessage.run(contextOf(input))).rejects.toMatchObject({ code: 'ACTION_OUTCOME_UNKNOWN' });
    expect(await postMessage.resolve?.(contextOf(input))).toMatchObject({ outcome: 'applied' });
    expect(slack.effects.posts).toBe(1);
  });

  it('is found behind a page of other messages', async () => {
    const input = inputOf('Done');
    await postMessage.run(contextOf(input));
    for (let count = 0; count < 205; count += 1) {
      await postMessage.run({ ...contextOf(inputOf('other')), idempotencyKey: `other-${count}` });
    }
    expect(await postMessage.resolve?.(contextOf(input))).toMatchObject({ outcome: 'applied' });
  });

  it('is compensated by saying that it was withdrawn', async () => {
    const input = inputOf('Done');
    const output = await postMessage.run(contextOf(input));
    const compensation = postMessage.reversible?.compensation;
    if (compensation === undefined || typeof compensation === 'function') throw new Error('another action is expected');
    const withdrawal = withdrawMessage.input.parse(compensation.input({ input, output }));
    await withdrawMessage.run(contextOf(withdrawal));
    expect(await slack.messages('incidents')).toMatchObject([{ ts: output.ts, text: 'This message was withdrawn.' }]);
  });

  it.each(['#incidents', 'incidents', 'U0123456', 'C01/../x'])('refuses the channel %j', (channel) => {
    expect(postMessage.input.safeParse({ channel, text: 'x' }).success).toBe(false);
  });

  it.each(['javascript:alert(1)', 'ftp://example.com', 'x'])('refuses the link %j', (url) => {
    expect(postMessage.input.safeParse({ ...inputOf('x'), link: { url, label: 'x' } }).success).toBe(false);
  });
});

describe('withdraw-message', () => {
  it('is undone: the message says again what it said', async () => {
    const input = inputOf('Approved <!channel> & done\nby two people');
    const { channel, ts } = await postMessage.run(contextOf(input));
    const [posted] = await slack.messages('incidents');
    const output = await withdrawMessage.run(contextOf({ channel, ts }));
    expect(output.before).toEqual({ text: input.text, link: input.link });
    const undo = withdrawMessage.reversible?.undo;
    if (undo === undefined || typeof undo === 'function') throw new Error('another action is expected');
    await updateMessage.run(contextOf(updateMessage.input.parse(undo.input({ input: { channel, ts }, output }))));
    const [restored] = await slack.messages('incidents');
    expect([restored?.ts, restored?.text, restored?.blocks]).toEqual([ts, posted?.text, posted?.blocks]);
  });

  it('sent twice does not take its own line for what the message said', async () => {
    const { channel, ts } = await postMessage.run(contextOf(inputOf('Done')));
    slack.faults.next({ kind: 'lose-reply', match: { path: '/api/chat.update' } });
    await expect(withdrawMessage.run(contextOf({ channel, ts }))).rejects.toMatchObject({
      code: 'ACTION_OUTCOME_UNKNOWN',
    });
    const output = await withdrawMessage.run({ ...contextOf({ channel, ts }), attempt: 2 });
    expect(output.before).toBeNull();
    const undo = withdrawMessage.reversible?.undo;
    if (undo === undefined || typeof undo === 'function') throw new Error('another action is expected');
    expect(() => undo.input({ input: { channel, ts }, output })).toThrow(
      expect.objectContaining({ code: 'SLACK_BEFORE_UNKNOWN' }),
    );
  });
});

describe('update-message', () => {
  it('changes the text, and undone says what it said', async () => {
    const { channel, ts } = await postMessage.run(contextOf(inputOf('Open')));
    const input = updateMessage.input.parse({ channel, ts, text: 'Solved' });
    const output = await updateMessage.run(contextOf(input));
    expect(await slack.messages('incidents')).toMatchObject([{ ts, text: 'Solved', blocks: [{ type: 'section' }] }]);
    const undo = updateMessage.reversible?.undo;
    if (typeof undo !== 'function') throw new Error('the same action is expected');
    await updateMessage.run(contextOf(undo({ input, output })));
    expect(await slack.messages('incidents')).toMatchObject([{ text: 'Open', blocks: [{}, { type: 'context' }] }]);
  });

  it('knows of nothing that stood there before an earlier attempt', async () => {
    const { channel, ts } = await postMessage.run(contextOf(inputOf('Open')));
    const input = { channel, ts, text: 'Solved' };
    slack.faults.next({ kind: 'lose-reply', match: { path: '/api/chat.update' } });
    await expect(updateMessage.run(contextOf(input))).rejects.toMatchObject({ code: 'ACTION_OUTCOME_UNKNOWN' });
    expect(await updateMessage.run({ ...contextOf(input), attempt: 2 })).toMatchObject({ before: null });
  });

  it('puts no other words under the buttons of an approval', async () => {
    const request = {
      approvalId: 'ap-1',
      title: 'Assign INC0010001',
      reason: 'x',
      requestedBy: 'x',
      context: [],
      actions: [],
      expiresAt: '2026-03-01T12:00:00.000Z',
      auditUrl: 'https://console.example.com/runs/1',
    };
    const channel = slack.channels.incidents ?? '';
    const { ts = '' } = await approval.request({ ...contextOf({}), target: { channel } }, request);
    const changed = updateMessage.run(contextOf({ channel, ts, text: 'Order a pizza' }));
    await expect(changed).rejects.toMatchObject({ code: 'SLACK_MESSAGE_NOT_FOUND', kind: 'refused' });
    expect(slack.effects.updates).toBe(0);
  });

  it('refuses a message that is not there', async () => {
    const input = { channel: slack.channels.incidents ?? '', ts: '1700000000.000100', text: 'x' };
    await expect(updateMessage.run(contextOf(input))).rejects.toMatchObject({ code: 'SLACK_MESSAGE_NOT_FOUND' });
  });
});

describe('the connection', () => {
  it('names the workspace, and refuses a token of another one', async () => {
    expect(await connection.test(contextOf({}))).toMatchObject({ account: expect.stringContaining(slack.team.name) });
    const other = { ...contextOf({}), config: { apiUrl: slack.apiUrl, teamId: 'T0OTHER' } };
    await expect(connection.test(other)).rejects.toMatchObject({ code: 'SLACK_TEAM_MISMATCH' });
  });
});
