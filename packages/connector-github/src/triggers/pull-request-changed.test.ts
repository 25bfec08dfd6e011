import { createTestDelivery } from '@org/connector-testing';
import { describe, expect, it } from 'vitest';
import { pullRequestChanged } from './pull-request-changed.ts';

const { webhook, event, eventKey } = pullRequestChanged;
const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
const pull = {
  id: 51,
  number: 2,
  title: 'Lower the timeout',
  state: 'open',
  draft: false,
  user: { login: 'octocat' },
  html_url: 'https://github.com/acme/payments-api/pull/2',
  created_at: '2026-03-01T12:00:00Z',
  updated_at: '2026-03-01T12:00:00Z',
  closed_at: null,
  merged_at: null,
  base: { ref: 'main', sha: a, repo: { full_name: 'acme/payments-api' } },
  head: { ref: 'fix', sha: b, repo: { full_name: 'mallory/payments-api' } },
  labels: [{ name: 'bug' }],
  assignees: [],
  requested_reviewers: [{ login: 'dana' }],
};
const repository = { id: 7, full_name: 'acme/payments-api' };

async function parse(action: string, change: object = {}, more: object = {}) {
  const payload = { action, pull_request: { ...pull, ...change }, repository, sender: { login: 'octocat' }, ...more };
  const delivery = createTestDelivery({ body: JSON.stringify(payload), headers: { 'x-github-event': 'pull_request' } });
  return ((await webhook?.parse(delivery)) ?? []).map((found) => event.parse(found));
}
async function keyOf(...args: Parameters<typeof parse>) {
  const [found] = await parse(...args);
  return found === undefined ? undefined : eventKey(found);
}

describe('a delivery about a pull request', () => {
  it('tells what the pull request is now, where it comes from, and what was done', async () => {
    expect(await parse('synchronize')).toEqual([
      {
        action: 'synchronize',
        actor: 'octocat',
        repository: 'acme/payments-api',
        headRepository: 'mallory/payments-api',
        id: 51,
        number: 2,
        title: 'Lower the timeout',
        state: 'open',
        draft: false,
        author: 'octocat',
        url: 'https://github.com/acme/payments-api/pull/2',
        createdAt: '2026-03-01T12:00:00Z',
        updatedAt: '2026-03-01T12:00:00Z',
        closedAt: null,
        mergedAt: null,
        base: { ref: 'main', sha: a },
        head: { ref: 'fix', sha: b },
        labels: ['bug'],
        assignees: [],
        requestedReviewers: ['dana'],
      },
    ]);
  });

  it('takes forks and accounts that are gone, and teams among the reviewers', async () => {
    const change = { head: { ...pull.head, repo: null }, user: null, requested_reviewers: [{ slug: 'core' }, null] };
    expect(await parse('review_requested', change, { sender: null })).toMatchObject([
      { headRepository: null, author: null, actor: null, requestedReviewers: [] },
    ]);
  });

  it.each([
    ['no head', { head: undefined }],
    ['no repository it goes into', { base: { ref: 'main', sha: a } }],
    ['a number that is a text', { number: '2' }],
  ])('with %s is refused', async (_name, change) => {
    await expect(parse('opened', change)).rejects.toMatchObject({ code: 'GITHUB_DELIVERY_INVALID' });
  });
});

describe('the key of a change', () => {
  it('is one for all deliveries that show the same pull request', async () => {
    const key = await keyOf('opened', { requested_reviewers: [{ login: 'x' }, { login: 'y' }] });
    const turned = { requested_reviewers: [{ login: 'y' }, { login: 'x' }], mergeable: true, comments: 3 };
    expect(await keyOf('review_requested', turned, { sender: null })).toBe(key);
    // The tip of the base moves by itself.
    expect(await keyOf('labeled', { ...turned, base: { ...pull.base, sha: b } })).toBe(key);
  });

  it('keeps changes of one second apart', async () => {
    const changes = [
      {},
      { title: 'y' },
      { state: 'closed', closed_at: pull.updated_at },
      { state: 'closed', closed_at: pull.updated_at, merged_at: pull.updated_at },
      { draft: true },
      { labels: [] },
      { assignees: [{ login: 'dana' }] },
      { requested_reviewers: [] },
      { base: { ...pull.base, ref: 'next' } },
      { head: { ...pull.head, sha: a } },
      { updated_at: '2026-03-01T12:00:01Z' },
    ];
    const keys = await Promise.all(changes.map((change) => keyOf('edited', change)));
    expect(new Set(keys).size).toBe(changes.length);
  });
});
