import { createTestDelivery } from '@org/connector-testing';
import { describe, expect, it } from 'vitest';
import github from './connector.ts';
import { readWebhookExamples } from './test-webhook-examples.ts';

const examples = readWebhookExamples();

async function parseAll(name: keyof typeof github.triggers, contentType?: string) {
  const { webhook, event: schema, eventKey } = github.triggers[name];
  const told: { event: string; key: string }[] = [];
  for (const { event, payload } of examples) {
    const json = JSON.stringify(payload);
    const body = contentType === undefined ? json : new URLSearchParams({ payload: json }).toString();
    const headers = { 'x-github-event': event };
    const delivery = createTestDelivery({ body, headers, ...(contentType && { contentType }) });
    for (const found of (await webhook?.parse(delivery)) ?? []) {
      told.push({ event, key: eventKey(schema.parse(found) as never) });
    }
  }
  return told;
}

const countOf = (isMeant: (example: (typeof examples)[number]) => boolean) => examples.filter(isMeant).length;
const isAboutPullRequest = ({ payload }: (typeof examples)[number]) =>
  typeof payload.issue === 'object' && payload.issue !== null && 'pull_request' in payload.issue;

describe('the 726 payloads of @octokit/webhooks-examples', () => {
  it('are all there', () => {
    expect(examples).toHaveLength(726);
    expect(new Set(examples.map(({ event }) => event)).size).toBe(64);
  });

  it.each([
    ['issue-changed', 'issues', 42, 13],
    ['pull-request-changed', 'pull_request', 46, 16],
    ['ref-pushed', 'push', 14, 5],
  ] as const)('are read by %s, which tells of every "%s" and of nothing else', async (name, event, events, keys) => {
    const told = await parseAll(name);
    expect(told).toHaveLength(events);
    expect(new Set(told.map((each) => each.event))).toEqual(new Set([event]));
    expect(told).toHaveLength(countOf((example) => example.event === event && !isAboutPullRequest(example)));
    expect(new Set(told.map(({ key }) => key)).size).toBe(keys);
  });

  it.each(['issue-changed', 'pull-request-changed', 'ref-pushed'] as const)(
    'are the same to %s when they come as a form',
    async (name) => {
      expect(await parseAll(name, 'application/x-www-form-urlencoded')).toEqual(await parseAll(name));
    },
  );
});
