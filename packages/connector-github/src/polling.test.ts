import type { PollResult } from '@org/connector-sdk';
import { createTestContext, type TestContext } from '@org/connector-testing';
import fc from 'fast-check';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GitHubConfig } from './config.ts';
import { pollIssues } from './issue-poll.ts';
import { pollPullRequests } from './pull-request-poll.ts';
import { GITHUB_TIME, type ListedItem, serveRepository } from './test-listed-repository.ts';

type Poll = (
  context: TestContext<GitHubConfig>,
  cursor?: string,
) => Promise<PollResult<{ id: number; updatedAt: string }>>;
const polls: [string, boolean, Poll][] = [
  ['issue-changed', false, (context, cursor) => pollIssues(context, cursor)],
  ['pull-request-changed', true, (context, cursor) => pollPullRequests(context, cursor)],
];

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => nock.restore());

function contextOf(more: Partial<GitHubConfig> = { repositories: ['acme/payments-api'] }) {
  const config = { apiUrl: 'https://api.github.com', appId: 1, installationId: 2, ...more };
  return createTestContext<GitHubConfig>({ config, authorization: 'Bearer test' });
}

const second = (count: number) => `${new Date(Date.parse(GITHUB_TIME) + count * 1000).toISOString().slice(0, 19)}Z`;
const cursorAt = (since: string) => JSON.stringify({ since });

/** All pages of one sweep; never more than `limit` polls. */
async function sweep(poll: Poll, context: TestContext<GitHubConfig>, from: string, limit = 100) {
  const found: { id: number; updatedAt: string }[] = [];
  let cursor = from;
  for (let polls = 1; ; polls += 1) {
    const answer = await poll(context, cursor);
    expect(polls).toBeLessThan(limit);
    found.push(...answer.events);
    cursor = answer.cursor;
    if (!answer.more) return { found, cursor, polls, ids: new Set(found.map(({ id }) => id)) };
  }
}

describe.each(polls)('polling of %s', (_name, isPullRequest, poll) => {
  const item = (id: number, updatedAt: string): ListedItem => ({ id, number: id, updatedAt, isPullRequest });
  const others = (count: number): ListedItem[] =>
    Array.from({ length: count }, (_, at) => ({ ...item(900_000 + at, second(at)), isPullRequest: !isPullRequest }));

  it('starts at the time of GitHub, without events of the past', async () => {
    const date = new Date(GITHUB_TIME).toUTCString();
    nock('https://api.github.com').get('/installation/repositories').query(true).reply(200, {}, { date });
    expect(await poll(contextOf())).toEqual({ events: [], cursor: cursorAt(GITHUB_TIME), more: false });
  });

  it('pitfall 37: sees all 500 of one second, a repeated one as the same, and leaves out what is no such thing', async () => {
    serveRepository([...Array.from({ length: 500 }, (_, at) => item(at, second(10))), ...others(130)]);
    const { ids, found } = await sweep(poll, contextOf(), cursorAt(GITHUB_TIME));
    expect(ids.size).toBe(500);
    expect(found.length).toBeLessThan(600);
    expect(new Set(found.map((each) => JSON.stringify(each))).size).toBe(500);
  });

  it('pitfall 38: asks in UTC and reaches back by its overlap, no further', async () => {
    serveRepository([item(1, second(-301)), item(2, second(-300)), item(3, second(0))]);
    const first = await sweep(poll, contextOf(), cursorAt(GITHUB_TIME));
    expect([...first.ids].sort()).toEqual([2, 3]);
    expect(first.cursor).toBe(cursorAt(GITHUB_TIME));
  });

  it('loses nothing that moves while a sweep is under way, without the help of its overlap', async () => {
    const began = 10_000;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 150, max: 350 }),
        fc.array(fc.nat({ max: 349 }), { minLength: 2, maxLength: 8 }),
        async (count, moves) => {
          nock.cleanAll();
          const items = Array.from({ length: count }, (_, at) => item(at, second(Math.floor(at / 20))));
          const left = [...moves];
          const onPage = () => {
            const moved = items[left.pop() ?? -1];
            if (moved !== undefined) moved.updatedAt = second(began + moves.length - left.length);
          };
          serveRepository(items, { onPage, now: () => second(began) });
          const first = await sweep(poll, contextOf(), cursorAt(GITHUB_TIME));
          left.length = 0;
          const again = await sweep(poll, contextOf(), first.cursor);
          const keys = new Set([...first.found, ...again.found].map(({ id, updatedAt }) => `${id} ${updatedAt}`));
          for (const { id, updatedAt } of items) expect(keys).toContain(`${id} ${updatedAt}`);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('reads a bounded part at once, and goes on where it stood', async () => {
    serveRepository(Array.from({ length: 1200 }, (_, at) => item(at, second(at))));
    const once = await poll(contextOf(), cursorAt(GITHUB_TIME));
    expect(once.more).toBe(true);
    expect(once.events.length).toBeLessThanOrEqual(400);
    const { ids, polls } = await sweep(poll, contextOf(), once.cursor);
    expect(ids.size + once.events.length).toBeGreaterThanOrEqual(1200);
    expect(polls).toBeGreaterThan(1);
  });

  it('reads every watched repository, and a sweep that lasts counts from its beginning', async () => {
    const names = Array.from({ length: 25 }, (_, at) => `acme/r${at}`);
    let clock = 0;
    const now = () => {
      clock += 60;
      return second(clock);
    };
    for (const [at, name] of names.entries()) serveRepository([item(at, second(1))], { name, now });
    const { ids, polls, cursor } = await sweep(
      poll,
      contextOf({ repositories: [...names, 'ACME/R3'] }),
      cursorAt(GITHUB_TIME),
    );
    expect(ids.size).toBe(25);
    expect(polls).toBe(3);
    expect(cursor).toBe(cursorAt(second(60)));
  });

  it('goes on at the next repository when the one where it stood is no longer watched', async () => {
    for (const [id, name] of ['acme/a', 'acme/b', 'acme/c'].entries()) serveRepository([item(id, second(1))], { name });
    const stood = { began: GITHUB_TIME, repository: 'acme/b', place: { from: second(500) } };
    const cursor = JSON.stringify({ since: GITHUB_TIME, sweep: stood });
    const { ids } = await sweep(poll, contextOf({ repositories: ['acme/a', 'acme/c'] }), cursor);
    expect([...ids]).toEqual([2]);
  });

  it('leaves out, and names, a repository that cannot be read', async () => {
    serveRepository([item(1, second(1))]);
    const away = [404, 410, 451].map((status) => {
      nock('https://api.github.com')
        .get(new RegExp(`^/repos/acme/away-${status}/`))
        .query(true)
        .reply(status, {});
      return `acme/away-${status}`;
    });
    const context = contextOf({ repositories: [...away, 'acme/payments-api'] });
    const { ids } = await sweep(poll, context, cursorAt(GITHUB_TIME));
    expect([...ids]).toEqual([1]);
    expect(context.lines.map(({ level, fields }) => [level, fields?.repository])).toEqual(
      away.map((name) => ['warn', name]),
    );
  });

  it('moves nothing when GitHub’s rate limit turns it away', async () => {
    nock('https://api.github.com')
      .get(/\/repos\//)
      .query(true)
      .reply(429, {}, { 'retry-after': '7' });
    await expect(poll(contextOf(), cursorAt(GITHUB_TIME))).rejects.toMatchObject({
      code: 'GITHUB_RATE_LIMITED',
      details: { retryAfterSeconds: 7 },
    });
  });

  it('watches the whole installation when nothing is named, unless that is too much', async () => {
    const api = nock('https://api.github.com');
    const reply = (total_count: number) => ({ total_count, repositories: [{ full_name: 'acme/payments-api' }] });
    serveRepository([item(1, second(1))]);
    api.get('/installation/repositories').query({ per_page: 50 }).reply(200, reply(1));
    expect([...(await sweep(poll, contextOf({}), cursorAt(GITHUB_TIME))).ids]).toEqual([1]);
    api.get('/installation/repositories').query({ per_page: 50 }).reply(200, reply(51));
    await expect(poll(contextOf({}), cursorAt(GITHUB_TIME))).rejects.toMatchObject({
      code: 'GITHUB_REPOSITORIES_TOO_MANY',
    });
  });

  it.each([
    '',
    'null',
    '{"since":"x"}',
    '{"since":"2026-03-01T12:00:00Z","sweep":{}}',
    '{"since":"2026-03-01T12:00:00Z","x":1}',
  ])('refuses %j, which is no cursor of its own', async (cursor) => {
    await expect(poll(contextOf(), cursor)).rejects.toMatchObject({ code: 'GITHUB_CURSOR_INVALID' });
  });
});
