import { TestingError } from '../errors.ts';
import type { PersonCall } from './person-call.ts';

export interface RepositorySeed {
  name: string;
  /** Default true, so that a call without a token sees nothing. */
  private?: boolean;
  files?: { path: string; content: string }[];
  issues?: { title: string; body?: string; labels?: string[] }[];
  /** Each gets a branch `head` of its own with `files` on it. */
  pullRequests?: { title: string; body?: string; head: string; files: { path: string; content: string }[] }[];
}

export const defaultRepository: RepositorySeed = {
  name: 'payments-api',
  files: [
    {
      path: 'docs/runbook.md',
      content:
        '# payments-api\n\nOwner: Payments\n\nA 502 at checkout after a release: compare the card timeouts, then roll back.\n',
    },
    { path: 'config/timeouts.json', content: '{ "cardProviderMs": 2000 }\n' },
  ],
  issues: [
    {
      title: 'Checkout answers 502 when the card provider is slow',
      body: 'Seen twice since the last release.',
      labels: ['bug'],
    },
    { title: 'Document the refund endpoint', body: 'The reference lacks it.' },
  ],
  pullRequests: [
    {
      title: 'Lower the card provider timeout to 200 ms',
      body: 'Fail fast. Released this morning.',
      head: 'lower-card-timeout',
      files: [{ path: 'config/timeouts.json', content: '{ "cardProviderMs": 200 }\n' }],
    },
    {
      title: 'Restore the card provider timeout',
      body: 'Reverts the lowered timeout.',
      head: 'restore-card-timeout',
      files: [{ path: 'docs/changelog.md', content: '- card provider timeout is 2000 ms again\n' }],
    },
  ],
};

/** Fills a repository through the API itself, so that numbers, branches and commits are those that the API would make. */
export async function seedRepository(callAsPerson: PersonCall, owner: string, seed: RepositorySeed): Promise<void> {
  const repo = `/repos/${owner}/${seed.name}`;
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const { ok, status, json } = await callAsPerson(method, repo + path, body);
    if (ok || (method === 'GET' && status === 404)) return json;
    const details = { method, path: repo + path, status };
    throw new TestingError(
      'EMULATOR_SEED_FAILED',
      `seeding ${owner}/${seed.name} was refused; see details and the seed`,
      { details },
    );
  };
  const put = async (file: { path: string; content: string }, branch: string) => {
    const path = `/contents/${file.path.split('/').map(encodeURIComponent).join('/')}`;
    const existing = await call('GET', `${path}?ref=${encodeURIComponent(branch)}`);
    const content = Buffer.from(file.content, 'utf8').toString('base64');
    await call('PUT', path, { message: `Change ${file.path}`, content, branch, ...readSha(existing) });
  };
  for (const file of seed.files ?? []) await put(file, 'main');
  for (const issue of seed.issues ?? []) await call('POST', '/issues', issue);
  for (const { title, body, head, files } of seed.pullRequests ?? []) {
    const main = await call('GET', '/git/ref/heads/main');
    await call('POST', '/git/refs', { ref: `refs/heads/${head}`, sha: readObjectSha(main) });
    for (const file of files) await put(file, head);
    await call('POST', '/pulls', { title, body: body ?? '', head, base: 'main' });
  }
}

function readSha(answer: unknown): { sha?: string } {
  return typeof answer === 'object' && answer !== null && 'sha' in answer ? { sha: String(answer.sha) } : {};
}

function readObjectSha(answer: unknown): string | undefined {
  return typeof answer === 'object' && answer !== null && 'object' in answer ? readSha(answer.object).sha : undefined;
}
