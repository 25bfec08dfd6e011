import type { ActionContext } from '@org/connector-sdk';
import { createTestContext, type GitHubEmulator, startGitHubEmulator } from '@org/connector-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { app } from '../app-auth.ts';
import { connection } from '../connection.ts';
import { getFileContents } from './get-file-contents.ts';
import { listIssues } from './list-issues.ts';
import { listPullRequests } from './list-pull-requests.ts';

let github: GitHubEmulator;
const repository = { owner: 'acme', repo: 'payments-api' };

beforeAll(async () => {
  github = await startGitHubEmulator();
});
beforeEach(() => github.reset());
afterAll(() => github.close());

function configOf() {
  return { apiUrl: github.url, appId: github.app.appId, installationId: github.app.installationId };
}

async function authenticate(privateKey = github.app.privateKeyPem) {
  const context = createTestContext({ config: configOf(), keepsOwnAuthorization: true });
  return app.authenticate({ ...context, secret: { privateKey }, now: Date.now() });
}

async function contextOf<Input>(input: Input): Promise<ActionContext<Input, ReturnType<typeof configOf>>> {
  const { headers } = await authenticate();
  const authorization = headers.authorization ?? '';
  const context = createTestContext({ config: configOf(), authorization });
  return { ...context, input, idempotencyKey: '01jd0000000000000000000abc', attempt: 1 };
}

describe('authentication as a GitHub App', () => {
  it("exchanges the App's key for a token that works for an hour", async () => {
    const { headers, expiresAt } = await authenticate();
    expect(headers).toEqual({ authorization: expect.stringMatching(/^Bearer \S+$/) });
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    const context = createTestContext({ config: configOf(), authorization: headers.authorization ?? '' });
    expect(await connection.test(context)).toEqual({ account: `installation ${github.app.installationId}` });
  });

  it('the connection says when its token is refused', async () => {
    const context = createTestContext({ config: configOf(), authorization: 'Bearer wrong' });
    await expect(connection.test(context)).rejects.toMatchObject({ code: 'GITHUB_UNAUTHORIZED' });
  });

  it('makes a new token each time: the runtime decides how long one is kept', async () => {
    await authenticate();
    await authenticate();
    expect(github.effects.tokens).toBe(2);
  });
});

describe('list-pull-requests', () => {
  it('pages by an opaque cursor', async () => {
    const first = await listPullRequests.run(
      await contextOf(listPullRequests.input.parse({ ...repository, perPage: 1, direction: 'asc' })),
    );
    expect(listPullRequests.output.parse(first)).toEqual(first);
    expect(first.pullRequests).toMatchObject([
      {
        title: 'Lower the card provider timeout to 200 ms',
        state: 'open',
        head: { ref: 'lower-card-timeout' },
        mergedAt: null,
      },
    ]);
    const input = { ...repository, perPage: 1, direction: 'asc', cursor: first.nextCursor };
    const second = await listPullRequests.run(await contextOf(listPullRequests.input.parse(input)));
    expect(second).toMatchObject({ pullRequests: [{ title: 'Restore the card provider timeout' }], nextCursor: null });
  });

  it('says when the repository is not part of the installation', async () => {
    const input = listPullRequests.input.parse({ owner: 'acme', repo: 'nothing' });
    await expect(listPullRequests.run(await contextOf(input))).rejects.toMatchObject({ code: 'GITHUB_NOT_FOUND' });
  });

  it('says when the token was revoked', async () => {
    const context = await contextOf(listPullRequests.input.parse(repository));
    github.revokeTokens();
    await expect(listPullRequests.run(context)).rejects.toMatchObject({ code: 'GITHUB_UNAUTHORIZED' });
  });
});

describe('list-issues', () => {
  it('leaves the pull requests out', async () => {
    const output = await listIssues.run(await contextOf(listIssues.input.parse(repository)));
    expect(listIssues.output.parse(output)).toEqual(output);
    expect(output.issues.map(({ title }) => title).sort()).toEqual([
      'Checkout answers 502 when the card provider is slow',
      'Document the refund endpoint',
    ]);
  });

  it('filters by label', async () => {
    const output = await listIssues.run(await contextOf(listIssues.input.parse({ ...repository, labels: ['bug'] })));
    expect(output.issues).toMatchObject([{ labels: ['bug'] }]);
  });
});

describe('get-file-contents', () => {
  const read = async (input: Record<string, unknown>) =>
    getFileContents.run(await contextOf(getFileContents.input.parse({ ...repository, ...input })));

  it('reads a text file', async () => {
    const output = await read({ path: 'docs/runbook.md' });
    expect(getFileContents.output.parse(output)).toEqual(output);
    expect(output.text).toContain('Owner: Payments');
    expect(output.sizeBytes).toBe(Buffer.byteLength(output.text));
  });

  it('reads it as it is on a branch', async () => {
    expect((await read({ path: 'config/timeouts.json' })).text).toContain('2000');
    expect((await read({ path: 'config/timeouts.json', ref: 'lower-card-timeout' })).text).toContain('200 }');
  });

  it('refuses a folder, a missing file and one that is too large', async () => {
    await expect(read({ path: 'docs' })).rejects.toMatchObject({ code: 'GITHUB_PATH_IS_DIRECTORY' });
    await expect(read({ path: 'docs/none.md' })).rejects.toMatchObject({ code: 'GITHUB_NOT_FOUND' });
    await expect(read({ path: 'docs/runbook.md', maxBytes: 5 })).rejects.toMatchObject({
      code: 'GITHUB_FILE_TOO_LARGE',
    });
  });
});
