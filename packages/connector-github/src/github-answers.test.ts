import type { ActionContext } from '@org/connector-sdk';
import { createTestContext } from '@org/connector-testing';
import fc from 'fast-check';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getFileContents } from './actions/get-file-contents.ts';
import { listIssues } from './actions/list-issues.ts';
import { connection } from './connection.ts';
import { filePath, gitRef, owner, repo } from './field-guards.ts';

/** Answers as in GitHub's documentation of its REST API. */
const config = { apiUrl: 'https://api.github.com', appId: 1, installationId: 2 };
const repository = { owner: 'acme', repo: 'payments-api' };

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => nock.restore());

const api = () => nock('https://api.github.com').matchHeader('authorization', 'Bearer test');

function contextOf<Input>(input: Input): ActionContext<Input, typeof config> {
  const context = createTestContext({ config, authorization: 'Bearer test' });
  return { ...context, input, idempotencyKey: '01jd0000000000000000000abc', attempt: 1 };
}

const issues = (more: Record<string, unknown> = {}) =>
  listIssues.run(contextOf(listIssues.input.parse({ ...repository, ...more })));

describe('a refusal', () => {
  const secondary = {
    message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  };
  const date = 'Sun, 01 Mar 2026 12:00:00 GMT';
  const reset = String(Date.parse(date) / 1000 + 90);

  it.each([
    ['a secondary limit with its wait', 403, secondary, { 'retry-after': '30' }, 30],
    ['a secondary limit as 429', 429, secondary, { 'retry-after': '30' }, 30],
    ['a secondary limit without a wait', 403, secondary, {}, 60],
    [
      'the primary limit',
      403,
      { message: 'API rate limit exceeded' },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset, date },
      90,
    ],
    ['the primary limit as 429', 429, {}, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset, date }, 90],
    ['a limit that is already over', 429, {}, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1', date }, 1],
    ['a 429 that says nothing', 429, '', { 'retry-after': 'soon' }, 60],
  ])('%s says how long to wait', async (_name, status, body, headers, retryAfterSeconds) => {
    api().get('/repos/acme/payments-api/issues').query(true).reply(status, body, headers);
    await expect(issues()).rejects.toMatchObject({
      code: 'GITHUB_RATE_LIMITED',
      kind: 'retryable',
      details: { retryAfterSeconds },
    });
  });

  it.each([
    [401, 'GITHUB_UNAUTHORIZED', 'failed'],
    [403, 'GITHUB_FORBIDDEN', 'failed'],
    [404, 'GITHUB_NOT_FOUND', 'failed'],
    [422, 'GITHUB_REJECTED', 'failed'],
    [301, 'GITHUB_REJECTED', 'failed'],
    [500, 'GITHUB_UNAVAILABLE', 'retryable'],
  ])('%i has a code', async (status, code, kind) => {
    const body = { message: 'Resource not accessible by integration' };
    api().get('/repos/acme/payments-api/issues').query(true).reply(status, body, { 'x-ratelimit-remaining': '4999' });
    await expect(issues()).rejects.toMatchObject({ code, kind });
  });
});

describe('list-issues', () => {
  const issue = {
    number: 1,
    title: 'a',
    state: 'open',
    state_reason: null,
    user: null,
    html_url: 'https://github.com/acme/payments-api/issues/1',
    created_at: '2026-03-01T12:00:00Z',
    updated_at: '2026-03-01T12:00:00Z',
    closed_at: null,
    comments: 0,
    labels: ['plain', { name: 'bug' }, { name: null }],
    assignees: [{ login: 'octocat' }, null],
  };

  it('tells pull requests apart, and takes accounts that are gone', async () => {
    const pull = { ...issue, number: 2, pull_request: { url: 'https://api.github.com/x' } };
    api()
      .get('/repos/acme/payments-api/issues')
      .query(true)
      .reply(200, JSON.stringify([issue, pull]));
    expect(await issues()).toMatchObject({
      issues: [{ number: 1, author: null, labels: ['plain', 'bug'], assignees: ['octocat'] }],
      nextCursor: null,
    });
  });

  it('asks for what was wanted', async () => {
    const wanted = { state: 'closed', labels: 'bug,urgent', per_page: '5', sort: 'updated', direction: 'asc' };
    api()
      .get('/repos/acme/payments-api/issues')
      .query({ ...wanted, since: '2026-03-01T12:00:00Z' })
      .reply(200, '[]');
    const input = { state: 'closed', labels: ['bug', 'urgent'], perPage: 5, sort: 'updated', direction: 'asc' };
    expect(await issues({ ...input, since: '2026-03-01T12:00:00Z' })).toEqual({ issues: [], nextCursor: null });
  });
});

describe('paging', () => {
  const link = (url: string) => ({ link: `<${url}>; rel="next", <https://api.github.com/x?page=9>; rel="last"` });
  const get = () => api().get('/repos/acme/payments-api/issues');

  it('follows cursors of GitHub as well as page numbers, on the host of the connection only', async () => {
    get()
      .query(true)
      .reply(200, [], link('https://evil.example/repositories/1/issues?page=2&after=Y3Vyc29yOnYyOpE%3D&token=x'));
    const { nextCursor } = await issues();
    get()
      .query((query) => query.page === '2' && query.after === 'Y3Vyc29yOnYyOpE=' && query.token === undefined)
      .reply(200, []);
    expect(await issues({ cursor: nextCursor })).toEqual({ issues: [], nextCursor: null });
  });

  it.each([
    ['none', undefined],
    ['one without a page', '<https://api.github.com/x>; rel="next"'],
    ['one that is no URL', '<x>; rel="next"'],
    ['one with a page that is none', '<https://api.github.com/x?page=-1>; rel="next"'],
  ])('ends with a Link header that is %s', async (_name, header) => {
    get()
      .query(true)
      .reply(200, [], header === undefined ? {} : { link: header });
    expect((await issues()).nextCursor).toBeNull();
  });

  it('refuses a cursor that is not its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/), async (cursor) => {
        await expect(issues({ cursor })).rejects.toMatchObject({ code: 'GITHUB_CURSOR_INVALID' });
      }),
      { numRuns: 100 },
    );
    const forged = Buffer.from('{"page":"1&per_page=9"}').toString('base64url');
    await expect(issues({ cursor: forged })).rejects.toMatchObject({ code: 'GITHUB_CURSOR_INVALID' });
  });
});

describe('get-file-contents', () => {
  const read = (answer: unknown) => {
    api().get('/repos/acme/payments-api/contents/a%20b/c%23d').reply(200, JSON.stringify(answer));
    return getFileContents.run(contextOf(getFileContents.input.parse({ ...repository, path: 'a b/c#d' })));
  };
  const file = { type: 'file', encoding: 'base64', size: 3, sha: 'abc', content: 'YWJj\n' };

  it('encodes the path and takes base64 with line ends', async () => {
    expect(await read(file)).toMatchObject({ text: 'abc', sizeBytes: 3, url: null });
  });

  it.each([
    [
      'a submodule',
      { type: 'submodule', size: 0, submodule_git_url: 'git://example.com/x' },
      'GITHUB_PATH_IS_SUBMODULE',
    ],
    ['a link', { type: 'symlink', target: '/etc/passwd', size: 11 }, 'GITHUB_PATH_IS_SYMLINK'],
    ['a folder', [file], 'GITHUB_PATH_IS_DIRECTORY'],
    ['a folder as an object', { type: 'dir', entries: [] }, 'GITHUB_PATH_IS_DIRECTORY'],
    ['a file above 1 MB', { ...file, size: 2_000_000, encoding: 'none', content: '' }, 'GITHUB_FILE_TOO_LARGE'],
    [
      'a file that lies about its size',
      { ...file, content: Buffer.alloc(100_001).toString('base64') },
      'GITHUB_FILE_TOO_LARGE',
    ],
    [
      'bytes that are not UTF-8',
      { ...file, content: Buffer.from([0xff, 0xfe]).toString('base64') },
      'GITHUB_FILE_NOT_TEXT',
    ],
    ['a NUL byte', { ...file, content: Buffer.from('a\0b').toString('base64') }, 'GITHUB_FILE_NOT_TEXT'],
    ['something else', { ...file, type: 'x' }, 'GITHUB_PATH_UNSUPPORTED'],
  ])('refuses %s', async (_name, answer, code) => {
    await expect(read(answer)).rejects.toMatchObject({ code });
  });
});

describe('names that become part of a path', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc
      .array(fc.constantFrom('..', '.', '/', '\\', '%2e', '%2f', '\u2028', '\n', '?', '#', ';', 'a', ' '), {
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
  );

  it('never leave the repository, whatever is given', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (someOwner, someRepo, somePath) => {
        const names = [
          owner.safeParse(someOwner).success ? someOwner : 'o',
          repo.safeParse(someRepo).success ? someRepo : 'r',
        ];
        const path = filePath.safeParse(somePath).success ? somePath : 'p';
        if (!path.isWellFormed()) return;
        const encoded = path.split('/').map(encodeURIComponent).join('/');
        const { pathname, search, hash } = new URL(
          `https://api.github.com/repos/${names.join('/')}/contents/${encoded}`,
        );
        expect(pathname).toBe(`/repos/${names.join('/')}/contents/${encoded}`);
        expect(search + hash).toBe('');
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['..', '.', 'a/b', 'a%2fb', '', 'a b', 'x'.repeat(101)])('%j is no repository', (name) => {
    expect(repo.safeParse(name).success).toBe(false);
  });

  it.each(['/a', 'a//b', 'a/', '../a', 'a/..', 'a/./b', 'a\\b', 'a\u2028/../b', 'a\u0000', ''])(
    '%j is no path',
    (path) => {
      expect(filePath.safeParse(path).success).toBe(false);
    },
  );

  it.each(['main', 'feature/x-1', 'v1.2.3', 'a'.repeat(40)])('%j is a ref', (ref) => {
    expect(gitRef.safeParse(ref).success).toBe(true);
  });
});

describe('the config', () => {
  it('has the public API as its default', () => {
    expect(connection.config.parse({ appId: 1, installationId: 2 })).toEqual(config);
  });

  it.each([
    'http://api.github.com',
    'https://u:p@api.github.com',
    'https://api.github.com/other',
    'https://api.github.com?x',
  ])('refuses %s', (apiUrl) => {
    expect(connection.config.safeParse({ ...config, apiUrl }).success).toBe(false);
  });

  it('names repositories to watch, or none at all', () => {
    const watching = (...repositories: string[]) => connection.config.safeParse({ ...config, repositories }).success;
    expect(watching('acme/payments-api', 'Some_One/.github')).toBe(true);
    for (const name of ['payments-api', 'a/..', 'a/b/c', 'a/b?x', '../b', 'a/', ' a/b'])
      expect(watching(name)).toBe(false);
    expect(watching()).toBe(false);
    expect(watching(...Array.from({ length: 51 }, (_, at) => `acme/r${at}`))).toBe(false);
  });
});
