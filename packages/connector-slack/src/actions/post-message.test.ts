import type { ActionContext } from '@org/connector-sdk';
import { createTestContext, type SlackEmulator, startSlackEmulator } from '@org/connector-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connection } from '../connection.ts';
import { postMessage } from './post-message.ts';
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

describe('the connection', () => {
  it('names the workspace, and refuses a token of another one', async () => {
    expect(await connection.test(contextOf({}))).toMatchObject({ account: expect.stringContaining(slack.team.name) });
    const other = { ...contextOf({}), config: { apiUrl: slack.apiUrl, teamId: 'T0OTHER' } };
    await expect(connection.test(other)).rejects.toMatchObject({ code: 'SLACK_TEAM_MISMATCH' });
  });
});
