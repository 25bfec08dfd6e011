import { createHash, randomBytes } from 'node:crypto';
import { type LoopbackServer, serveLoopback } from './loopback-server.ts';

export interface SlackInstall extends LoopbackServer {
  readonly apiUrl: string;
  /** What the person who installs the app leaves out from now on. */
  withhold(scopes: readonly string[]): void;
}

/**
 * The installation of a Slack app as Slack documents it (https://docs.slack.dev/authentication/installing-with-oauth), before an
 * emulator that has the API but no installation: commas between scopes, `ok` instead of a status, a token of type `bot`.
 */
export async function serveSlackInstall(
  emulator: {
    readonly apiUrl: string;
    readonly botToken: string;
    readonly team: { readonly id: string; readonly name: string };
  },
  client: { readonly id: string; readonly secret: string },
): Promise<SlackInstall> {
  const codes = new Map<string, { challenge: string; redirectUri: string; scopes: string[] }>();
  let withheld: readonly string[] = [];

  function install(query: URLSearchParams): string {
    const code = randomBytes(16).toString('hex');
    const redirectUri = query.get('redirect_uri') ?? '';
    const scopes = (query.get('scope') ?? '').split(',').filter((scope) => !withheld.includes(scope));
    codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri, scopes });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    return back.href;
  }

  function access(form: URLSearchParams): object {
    if (form.get('client_id') !== client.id) return { ok: false, error: 'invalid_client_id' };
    if (form.get('client_secret') !== client.secret) return { ok: false, error: 'bad_client_secret' };
    const code = form.get('code') ?? '';
    const known = codes.get(code);
    codes.delete(code);
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!known || known.challenge !== proof || known.redirectUri !== form.get('redirect_uri')) {
      return { ok: false, error: 'invalid_code' };
    }
    return {
      ok: true,
      access_token: emulator.botToken,
      token_type: 'bot',
      scope: known.scopes.join(','),
      app_id: 'A0',
      team: { id: emulator.team.id, name: emulator.team.name },
      enterprise: null,
      authed_user: { id: 'U1' },
      is_enterprise_install: false,
    };
  }

  const server = await serveLoopback(({ method, path, headers, body }, response) => {
    const url = new URL(path, 'http://slack');
    const json = (value: unknown) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
    };
    if (url.pathname === '/oauth/v2/authorize') {
      return void response.writeHead(302, { location: install(url.searchParams) }).end();
    }
    if (url.pathname === '/api/oauth.v2.access') return json(access(new URLSearchParams(body)));
    void fetch(new URL(path.replace(/^\/api\//, ''), emulator.apiUrl), {
      method,
      headers: {
        authorization: headers.authorization ?? '',
        ...(headers['content-type'] === undefined ? {} : { 'content-type': headers['content-type'] }),
      },
      ...(method === 'GET' ? {} : { body }),
    }).then(async (answer) => json(await answer.json()));
  });
  return {
    ...server,
    apiUrl: `${server.url}/api/`,
    withhold: (scopes) => {
      withheld = scopes;
    },
  };
}
