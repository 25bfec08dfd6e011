import nock from 'nock';

export interface ListedItem {
  readonly id: number;
  readonly number: number;
  updatedAt: string;
  readonly isPullRequest?: boolean;
}

/** The clock of GitHub, as its answers state it. */
export const GITHUB_TIME = '2026-03-01T12:00:00Z';
const sha = 'a'.repeat(40);

/**
 * The lists of issues and of pull requests of one repository as GitHub's documentation has them: by `updated`, in pages that
 * `Link` leads through, `since` for issues only, pull requests also among the issues. `onPage` is called before each page.
 */
export function serveRepository(
  items: ListedItem[],
  options: { name?: string; onPage?: () => void; now?: () => string } = {},
): void {
  const { name = 'acme/payments-api', onPage, now = () => GITHUB_TIME } = options;
  const api = nock('https://api.github.com').persist().matchHeader('authorization', 'Bearer test');
  for (const list of ['issues', 'pulls']) {
    const path = `/repos/${name}/${list}`;
    api
      .get(path)
      .query(true)
      .reply(({ url }: Request) => {
        onPage?.();
        const { searchParams } = new URL(url);
        const page = Number(searchParams.get('page') ?? 1);
        const size = Number(searchParams.get('per_page') ?? 30);
        const since = list === 'issues' ? (searchParams.get('since') ?? '') : '';
        const order = searchParams.get('direction') === 'asc' ? 1 : -1;
        const found = items
          .filter(({ updatedAt, isPullRequest }) => updatedAt >= since && (list === 'issues' || isPullRequest))
          // In no order within a second.
          .sort(
            (a, b) => order * a.updatedAt.localeCompare(b.updatedAt) || ((a.id * 7919) % 997) - ((b.id * 7919) % 997),
          );
        const shown = found.slice((page - 1) * size, page * size);
        const next = `<https://api.github.com${path}?page=${page + 1}>; rel="next"`;
        const body = JSON.stringify(shown.map((item) => toItem(item, name, list)));
        const date = new Date(now()).toUTCString();
        return [200, body, { date, ...(found.length > page * size ? { link: next } : {}) }];
      });
  }
}

function toItem({ id, number, updatedAt, isPullRequest }: ListedItem, name: string, list: string) {
  const repo = { full_name: name };
  return {
    id,
    number,
    title: `item ${number}`,
    state: 'open',
    user: null,
    html_url: `https://github.com/${name}/issues/${number}`,
    repository_url: `https://api.github.com/repos/${name}`,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: updatedAt,
    ...(list === 'issues' ? {} : { base: { ref: 'main', sha, repo }, head: { ref: 'fix', sha, repo: null } }),
    ...(list === 'issues' && isPullRequest ? { pull_request: {} } : {}),
  };
}
