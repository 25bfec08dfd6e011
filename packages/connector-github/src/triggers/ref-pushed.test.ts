import { createTestDelivery } from '@org/connector-testing';
import { describe, expect, it } from 'vitest';
import { refPushed } from './ref-pushed.ts';

const { webhook, event, eventKey } = refPushed;
const [a, b, none] = ['a'.repeat(40), 'b'.repeat(40), '0'.repeat(40)];
const push = {
  ref: 'refs/heads/main',
  before: a,
  after: b,
  forced: false,
  repository: { id: 7, full_name: 'acme/payments-api', default_branch: 'main', pushed_at: 1_772_366_400 },
  sender: { login: 'octocat' },
};

async function parse(payload: unknown) {
  const delivery = createTestDelivery({ body: JSON.stringify(payload), headers: { 'x-github-event': 'push' } });
  return ((await webhook?.parse(delivery)) ?? []).map((found) => event.parse(found));
}
async function keyOf(payload: unknown) {
  const [found] = await parse(payload);
  return found === undefined ? undefined : eventKey(found);
}

describe('a push', () => {
  it('of commits is told with the commit before and after', async () => {
    expect(await parse(push)).toEqual([
      {
        repository: 'acme/payments-api',
        repositoryId: 7,
        ref: 'refs/heads/main',
        kind: 'branch',
        name: 'main',
        change: 'updated',
        forced: false,
        isDefaultBranch: true,
        before: a,
        after: b,
        actor: 'octocat',
        pushedAt: '2026-03-01T12:00:00Z',
      },
    ]);
  });

  it.each([
    [
      'a new branch',
      { ref: 'refs/heads/a/b', before: none },
      { kind: 'branch', name: 'a/b', change: 'created', before: null },
    ],
    ['a deleted branch', { ref: 'refs/heads/x', after: none }, { kind: 'branch', change: 'deleted', after: null }],
    ['a new tag', { ref: 'refs/tags/v1', before: none }, { kind: 'tag', name: 'v1', change: 'created' }],
    ['a deleted tag', { ref: 'refs/tags/v1', after: none }, { kind: 'tag', change: 'deleted', isDefaultBranch: false }],
    ['a tag named as the default branch', { ref: 'refs/tags/main' }, { kind: 'tag', isDefaultBranch: false }],
    ['other refs', { ref: 'refs/notes/x' }, { kind: 'other', name: 'refs/notes/x' }],
    ['a forced push', { forced: true }, { forced: true, change: 'updated' }],
    ['an account that is gone', { sender: null }, { actor: null }],
    [
      'a time as text',
      { repository: { ...push.repository, pushed_at: '2026-03-01T12:00:00Z' } },
      { pushedAt: '2026-03-01T12:00:00Z' },
    ],
    ['no time', { repository: { id: 7, full_name: 'a/b' } }, { pushedAt: null, isDefaultBranch: false }],
    [
      'a time beyond all years',
      { repository: { ...push.repository, pushed_at: Number.MAX_SAFE_INTEGER } },
      { pushedAt: null },
    ],
  ])('of %s', async (_name, change, told) => {
    expect(await parse({ ...push, ...change })).toMatchObject([told]);
  });

  it('is the same one when it is told again, and another when a rollback is rolled forward', async () => {
    const at = (pushed_at: number, change: object = {}) => ({
      ...push,
      ...change,
      repository: { ...push.repository, pushed_at },
    });
    const first = await keyOf(at(1));
    expect(await keyOf({ ...at(1), sender: { login: 'renamed' } })).toBe(first);
    expect(new Set([first, await keyOf(at(2, { before: b, after: a, forced: true })), await keyOf(at(3))]).size).toBe(
      3,
    );
  });

  it.each([
    ['no ref', { ref: undefined }],
    ['a commit that is none', { after: '../x' }],
    ['no repository', { repository: null }],
  ])('with %s is refused', async (_name, change) => {
    await expect(parse({ ...push, ...change })).rejects.toMatchObject({ code: 'GITHUB_DELIVERY_INVALID' });
  });
});
