import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createAppAuth } from '@octokit/auth-app';
import { request } from '@octokit/request';
import { verify } from '@octokit/webhooks-methods';
import type { AnyTrigger } from '@org/connector-sdk';
import {
  createTestContext,
  createTestDelivery,
  type GitHubEmulator,
  startGitHubEmulator,
} from '@org/connector-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import github from './connector.ts';

const secret = randomBytes(24).toString('hex');
const repository = '/repos/acme/payments-api';
const numbered = z.object({ number: z.int() });
const seen: { event: string; body: string; isSigned: boolean }[] = [];
let emulator: GitHubEmulator;
let receiver: Server;

beforeAll(async () => {
  receiver = createServer(async (incoming, answer) => {
    let body = '';
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
    const { 'x-github-event': event, 'x-hub-signature-256': signature } = incoming.headers;
    seen.push({ event: String(event), body, isSigned: await verify(secret, body, String(signature)) });
    answer.end('{}');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  emulator = await startGitHubEmulator();
  const config = { url: `http://127.0.0.1:${port}/`, content_type: 'json', secret };
  await emulator.actAsPerson('POST', `${repository}/hooks`, { config, events: ['*'], active: true });
});
afterAll(async () => {
  await emulator.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

/** What deliveries told since the last call, by key. */
async function keysOfDeliveries({ webhook, event: schema, eventKey }: AnyTrigger): Promise<string[]> {
  const keys: string[] = [];
  for (const { event, body, isSigned } of seen.splice(0)) {
    expect(isSigned).toBe(true);
    const delivery = createTestDelivery({ body, headers: { 'x-github-event': event } });
    for (const found of (await webhook?.parse(delivery)) ?? [])
      keys.push(eventKey((await schema.parseAsync(found)) as never));
  }
  return keys;
}

async function keysOfPoll({ polling, event: schema, eventKey }: AnyTrigger, cursor: string | undefined) {
  const { url, app } = emulator;
  const auth = createAppAuth({ ...app, privateKey: app.privateKeyPem, request: request.defaults({ baseUrl: url }) });
  const context = createTestContext({
    config: { apiUrl: url, ...app, repositories: undefined },
    authorization: async () => `Bearer ${(await auth({ type: 'installation' })).token}`,
  });
  const answer = await polling?.poll(context as never, cursor);
  const keys = (answer?.events ?? []).map((found) => eventKey(schema.parse(found) as never));
  return { keys, cursor: answer?.cursor };
}

describe('pitfall 41: a change is found by polling as well', () => {
  it.each([
    [
      'an issue that is opened',
      'issue-changed',
      async () => emulator.actAsPerson('POST', `${repository}/issues`, { title: 'x', labels: ['bug'] }),
    ],
    [
      'an issue that is closed',
      'issue-changed',
      async () => emulator.actAsPerson('PATCH', `${repository}/issues/1`, { state: 'closed' }),
    ],
    [
      'an issue that gets another title',
      'issue-changed',
      async () => emulator.actAsPerson('PATCH', `${repository}/issues/2`, { title: 'y' }),
    ],
    [
      'a pull request that gets another title',
      'pull-request-changed',
      async () => {
        const [pull] = z.array(numbered).parse(await emulator.actAsPerson('GET', `${repository}/pulls`));
        return emulator.actAsPerson('PATCH', `${repository}/pulls/${pull?.number}`, { title: 'z' });
      },
    ],
    [
      'a pull request that is closed',
      'pull-request-changed',
      async () => {
        const [pull] = z.array(numbered).parse(await emulator.actAsPerson('GET', `${repository}/pulls`));
        return emulator.actAsPerson('PATCH', `${repository}/pulls/${pull?.number}`, { state: 'closed' });
      },
    ],
  ] as const)('and is then the event of its webhook: %s', async (_name, name, change) => {
    const trigger = github.triggers[name];
    const before = await keysOfPoll(trigger, (await keysOfPoll(trigger, undefined)).cursor);
    seen.length = 0;
    await change();
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    const told = await keysOfDeliveries(trigger);
    const { keys } = await keysOfPoll(trigger, before.cursor);
    const added = keys.filter((key) => !before.keys.includes(key));
    expect(added).toHaveLength(1);
    expect(new Set(told)).toEqual(new Set(added));
  });
});
