import { createTestDelivery } from '@org/connector-testing';
import { describe, expect, it } from 'vitest';
import { issueChanged } from './issue-changed.ts';

const { webhook, event, eventKey } = issueChanged;
const issue = {
  id: 41,
  number: 1,
  title: 'Checkout is slow',
  state: 'open',
  state_reason: null,
  locked: false,
  user: { login: 'octocat' },
  html_url: 'https://github.com/acme/payments-api/issues/1',
  created_at: '2026-03-01T12:00:00Z',
  updated_at: '2026-03-01T12:00:00Z',
  closed_at: null,
  labels: [{ name: 'bug' }],
  assignees: [{ login: 'dana' }],
  milestone: { title: 'v1' },
};
const repository = { id: 7, full_name: 'acme/payments-api' };

async function parse(action: string, change: object = {}, more: object = {}) {
  const payload = { action, issue: { ...issue, ...change }, repository, sender: { login: 'dana' }, ...more };
  const delivery = createTestDelivery({ body: JSON.stringify(payload), headers: { 'x-github-event': 'issues' } });
  return ((await webhook?.parse(delivery)) ?? []).map((found) => event.parse(found));
}
async function keyOf(...args: Parameters<typeof parse>) {
  const [found] = await parse(...args);
  return found === undefined ? undefined : eventKey(found);
}

describe('a delivery about an issue', () => {
  it('tells what the issue is now, and what was done', async () => {
    expect(await parse('labeled')).toEqual([
      {
        action: 'labeled',
        actor: 'dana',
        repository: 'acme/payments-api',
        id: 41,
        number: 1,
        title: 'Checkout is slow',
        state: 'open',
        stateReason: null,
        author: 'octocat',
        assignees: ['dana'],
        labels: ['bug'],
        url: 'https://github.com/acme/payments-api/issues/1',
        createdAt: '2026-03-01T12:00:00Z',
        updatedAt: '2026-03-01T12:00:00Z',
        closedAt: null,
        locked: false,
        milestone: 'v1',
        gone: null,
      },
    ]);
  });

  it('which is a pull request is none', async () => {
    expect(await parse('milestoned', { pull_request: { url: 'https://api.github.com/x' } })).toEqual([]);
  });

  it('takes accounts that are gone', async () => {
    expect(await parse('opened', { user: null, assignees: [null] }, { sender: null })).toMatchObject([
      { author: null, assignees: [], actor: null },
    ]);
  });

  it('from Enterprise Server is the same, and without a state closed_at says it', async () => {
    const there = {
      html_url: 'https://ghe.example/acme/payments-api/issues/1',
      labels: undefined,
      milestone: undefined,
    };
    expect(await parse('pinned', { ...there, state: undefined })).toMatchObject([{ state: 'open', labels: [] }]);
    expect(await parse('pinned', { ...there, state: undefined, closed_at: issue.updated_at })).toMatchObject([
      { state: 'closed' },
    ]);
  });

  it.each(['deleted', 'transferred'])(
    'that was %s is an event of its own, for its time stays as it was',
    async (action) => {
      expect(await parse(action)).toMatchObject([{ action, gone: action }]);
      expect(await keyOf(action)).not.toBe(await keyOf('opened'));
    },
  );

  it.each([
    ['no id', { id: undefined }],
    ['a local time', { updated_at: '2026-03-01 12:00:00' }],
    ['a state that is none', { state: 'half-open' }],
  ])('with %s is refused', async (_name, change) => {
    await expect(parse('opened', change)).rejects.toMatchObject({ code: 'GITHUB_DELIVERY_INVALID' });
  });
});

describe('the key of a change', () => {
  it('is one for all deliveries that show the same issue, in whatever order its names come', async () => {
    const names = { labels: ['b', { name: 'a' }], assignees: [{ login: 'x' }, { login: 'y' }] };
    const key = await keyOf('opened', names);
    const turned = { labels: [{ name: 'a' }, 'b'], assignees: [{ login: 'y' }, { login: 'x' }] };
    expect(await keyOf('labeled', turned, { sender: null })).toBe(key);
    expect(await keyOf('assigned', { ...turned, updated_at: '2026-03-01T13:00:00+01:00' })).toBe(key);
  });

  it('keeps changes of one second apart', async () => {
    const changes = [
      {},
      { title: 'y' },
      { state: 'closed', closed_at: issue.updated_at },
      { labels: [] },
      { assignees: [] },
      { milestone: null },
      { locked: true },
      { updated_at: '2026-03-01T12:00:01Z' },
      { id: 42 },
    ];
    const keys = await Promise.all(changes.map((change) => keyOf('edited', change)));
    expect(new Set(keys).size).toBe(changes.length);
  });
});
