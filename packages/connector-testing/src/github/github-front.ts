import { createHash, type KeyObject } from 'node:crypto';
import { type FrontRequest, toFetchRequest } from '../front/loopback-front.ts';
import { checkAppJwt } from './app-jwt.ts';
import { githubError } from './github-replies.ts';

export interface GitHubEffects {
  /** Answered GETs on a repository (pull requests, issues, contents and so on). */
  reads: number;
  /** Installation tokens issued. */
  tokens: number;
}

export interface GitHubFrontPorts {
  behindUrl: string;
  app: { appId: number; publicKey: KeyObject };
  /** Full names of what the installation may read. */
  repositories: readonly string[];
  /** Expiry of installation tokens issued here, in milliseconds since the epoch. */
  tokens: Map<string, number>;
  effects: GitHubEffects;
  clock: () => number;
}

/** Checks the credential, which emulate does only in part, passes the call on, and counts what took effect. */
export async function answerGitHubCall(request: FrontRequest, ports: GitHubFrontPorts): Promise<Response> {
  const refusal = refuseCredential(request, ports);
  if (refusal) return refusal;
  if (request.url.pathname === '/installation/repositories') return listInstalled(request, ports);
  const behind = new URL(request.url.pathname + request.url.search, ports.behindUrl);
  const since = behind.searchParams.get('since');
  // Compared as text with moments that have milliseconds.
  if (since !== null) behind.searchParams.set('since', since.replace(/(:\d\d)Z$/, '$1.000Z'));
  const response = await fetch(toFetchRequest(request, behind));
  const body = toWholeSeconds(await response.text());
  if (response.ok && request.method === 'GET' && request.url.pathname.startsWith('/repos/')) ports.effects.reads += 1;
  if (response.status === 201 && request.url.pathname.endsWith('/access_tokens')) rememberToken(body, ports);
  const headers = new Headers(response.headers);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding', 'connection', 'keep-alive'])
    headers.delete(name);
  // emulate builds page links from the Host it was asked under, not from its base URL.
  const link = headers.get('link');
  if (link !== null) headers.set('link', link.replaceAll(ports.behindUrl, request.url.origin));
  if (request.method !== 'GET' || !response.ok) return new Response(body, { status: response.status, headers });
  // emulate sends no ETag; GitHub does, and a matching one costs the caller nothing of its rate limit.
  const etag = `W/"${createHash('sha256').update(body).digest('hex')}"`;
  headers.set('etag', etag);
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(body, { status: response.status, headers });
}

/** GitHub's moments are whole seconds; emulate's have milliseconds. */
function toWholeSeconds(json: string): string {
  return json.replaceAll(/("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z"/g, '$1Z"');
}

/** Emulate has no list of what an installation may read. */
function listInstalled(request: FrontRequest, { repositories }: GitHubFrontPorts): Response {
  if (!request.headers.has('authorization')) return githubError(401, 'Requires authentication');
  const page = Number(request.url.searchParams.get('page') ?? 1);
  const size = Number(request.url.searchParams.get('per_page') ?? 30);
  return Response.json({
    total_count: repositories.length,
    repository_selection: 'all',
    repositories: repositories
      .slice((page - 1) * size, page * size)
      .map((full_name) => ({ full_name, name: full_name.split('/')[1] })),
  });
}

/** `undefined`: the credential is good, or there is none and the service behind decides what the public may see. */
function refuseCredential(request: FrontRequest, ports: GitHubFrontPorts): Response | undefined {
  const header = request.headers.get('authorization');
  const needsJwt =
    /^\/app(\/|$)/.test(request.url.pathname) ||
    /^\/(repos\/[^/]+\/[^/]+|orgs\/[^/]+|users\/[^/]+)\/installation$/.test(request.url.pathname);
  const credential = /^(?:Bearer|token) (\S+)$/i.exec(header ?? '')?.[1];
  if (needsJwt) {
    const wrong = checkAppJwt(credential ?? '', ports.app, ports.clock());
    return wrong && githubError(401, wrong);
  }
  if (!/^\/(repos|installation|orgs|users|search|rate_limit)(\/|$)/.test(request.url.pathname))
    return githubError(404, 'Not Found');
  if (header === null) return undefined;
  const expiry = ports.tokens.get(credential ?? '');
  return expiry !== undefined && ports.clock() < expiry ? undefined : githubError(401, 'Bad credentials');
}

function rememberToken(body: string, ports: GitHubFrontPorts): void {
  const issued: unknown = JSON.parse(body);
  if (typeof issued !== 'object' || issued === null || !('token' in issued) || !('expires_at' in issued)) return;
  ports.tokens.set(String(issued.token), Date.parse(String(issued.expires_at)));
  ports.effects.tokens += 1;
}
