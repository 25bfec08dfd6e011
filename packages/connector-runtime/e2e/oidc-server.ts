import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider';

export interface OidcServer {
  readonly url: string;
  /** What people agree to from now on; the default is everything that is asked for. */
  agreeTo(scopes: readonly string[] | 'nothing' | 'everything'): void;
  /** Goes to the link, signs in, agrees, and comes back: the address the browser is sent to, not opened. */
  visit(link: string): Promise<URL>;
  /** Whether the provider would take this access token. */
  accepts(accessToken: string): Promise<boolean>;
  /** Requests to the token and revocation endpoints. */
  readonly requests: readonly { readonly path: string; readonly form: URLSearchParams; readonly status: number }[];
  close(): Promise<void>;
}

export interface OidcServerOptions {
  readonly clients: (url: string) => ClientMetadata[];
  readonly scopes?: readonly string[];
  readonly configuration?: Configuration;
  readonly accessTokenSeconds?: number;
  /** An API below `/api/` that takes this server's access tokens: the answer to a request that had one. */
  readonly api?: (path: string) => Promise<Response>;
}

/**
 * A certified authorization server on loopback: PKCE demanded, refresh tokens rotate, and an old one that comes again ends the
 * grant; it names itself in each answer (RFC 9207).
 */
export async function serveOidc(options: OidcServerOptions): Promise<OidcServer> {
  const server = createServer((request, response) => void listen(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let agreed: readonly string[] | 'nothing' | 'everything' = 'everything';
  const requests: { path: string; form: URLSearchParams; status: number }[] = [];

  const provider = new Provider(url, {
    clients: options.clients(url),
    scopes: ['openid', 'offline_access', ...(options.scopes ?? [])],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    ttl: {
      AccessToken: options.accessTokenSeconds ?? 1800,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 600,
      AuthorizationCode: 60,
      ClientCredentials: 600,
    },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
    },
    cookies: { keys: ['only for tests'] },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    ...options.configuration,
  });
  const handle = provider.callback();

  async function listen(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', url);
    if (pathname.startsWith('/interaction/')) return interact(request, response);
    if (pathname.startsWith('/api/')) return answerApi(request, response);
    if (request.method !== 'POST') return void handle(request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    // The provider takes a body that was read already.
    Object.assign(request, { body: Object.fromEntries(new URLSearchParams(body)) });
    response.on('finish', () =>
      requests.push({ path: pathname, form: new URLSearchParams(body), status: response.statusCode }),
    );
    handle(request, response);
  }

  async function answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const known = token !== undefined && (await provider.AccessToken.find(token)) !== undefined;
    if (!known || !options.api) return void response.writeHead(401).end('{}');
    const answer = await options.api(request.url ?? '/');
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  }

  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: 'ann' } });
    }
    if (agreed === 'nothing') return provider.interactionFinished(request, response, { error: 'access_denied' });
    const asked = String(params.scope ?? '')
      .split(' ')
      .filter(Boolean);
    const grant = new provider.Grant({ accountId: session?.accountId ?? 'ann', clientId: String(params.client_id) });
    for (const scope of asked) {
      if (agreed === 'everything' || agreed.includes(scope)) grant.addOIDCScope(scope);
      else grant.rejectOIDCScope(scope);
    }
    return provider.interactionFinished(
      request,
      response,
      { consent: { grantId: await grant.save() } },
      { mergeWithLastSubmission: true },
    );
  }

  return {
    url,
    requests,
    agreeTo: (scopes) => {
      agreed = scopes;
    },
    accepts: async (accessToken) => (await provider.AccessToken.find(accessToken)) !== undefined,
    async visit(link) {
      const cookies = new Map<string, string>();
      let next = new URL(link);
      for (let hops = 0; hops < 10 && next.origin === url; hops += 1) {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const answer = await fetch(next, { redirect: 'manual', headers: { cookie } });
        for (const line of answer.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
          cookies.set(name, value);
        }
        const location = answer.headers.get('location');
        if (location === null)
          throw new Error(`the provider answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
        next = new URL(location, next);
      }
      return next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
