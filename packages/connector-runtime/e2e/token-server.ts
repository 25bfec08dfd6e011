import { randomBytes } from 'node:crypto';
import { type LoopbackServer, serveLoopback } from './loopback-server.ts';

export interface TokenServer extends LoopbackServer {
  /** How token requests are answered from now on; the default works. */
  behave(behaviour: Behaviour): void;
  /** From now on requests take effect, and their answers wait. */
  hold(): HeldAnswers;
  /** Every token it ever gave, refresh tokens included. */
  readonly issued: readonly string[];
  /** True for an access token that is the newest. */
  accepts(authorization: string | undefined): boolean;
  /** Refresh token that the next request must bring. */
  readonly refreshToken: string;
}

export interface HeldAnswers {
  /** Resolves as soon as a request has arrived. */
  readonly arrived: Promise<void>;
  release(): void;
}

type Behaviour =
  | 'works'
  | 'omits-refresh-token'
  | 'no-expiry'
  | 'no-refresh-token'
  | 'invalid-grant'
  | 'invalid-client'
  | 'broken'
  | 'loses-answer'
  | 'slow';

/** A token endpoint with rotation: each refresh token works once, and an old one ends the grant. */
export async function serveTokens(): Promise<TokenServer> {
  let behaviour: Behaviour = 'works';
  let refreshToken = '';
  let accessToken = '';
  let hold: { arrived: PromiseWithResolvers<void>; released: PromiseWithResolvers<void> } | undefined;
  const issued: string[] = [];
  const issue = (kind: string) => {
    const token = `${kind}-${randomBytes(16).toString('hex')}`;
    issued.push(token);
    return token;
  };
  refreshToken = issue('refresh');
  const server = await serveLoopback(({ body, socket }, response) => {
    const form = new URLSearchParams(body);
    const held = hold;
    held?.arrived.resolve();
    const json = (status: number, value: unknown) => {
      const write = () => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (held) void held.released.promise.then(write);
      else write();
    };
    if (behaviour === 'broken') return json(503, { down: true });
    if (behaviour === 'invalid-client') return json(401, { error: 'invalid_client', error_description: body });
    const stale = form.get('grant_type') === 'refresh_token' && form.get('refresh_token') !== refreshToken;
    if (behaviour === 'invalid-grant' || stale) {
      refreshToken = '';
      return json(400, { error: 'invalid_grant' });
    }
    accessToken = issue('access');
    const keeps = behaviour === 'omits-refresh-token';
    if (!keeps) refreshToken = issue('refresh');
    if (behaviour === 'loses-answer') return void socket.destroy();
    const answer = {
      access_token: accessToken,
      token_type: 'Bearer',
      ...(behaviour === 'no-expiry' ? {} : { expires_in: 1800 }),
      ...(keeps || behaviour === 'no-refresh-token' ? {} : { refresh_token: refreshToken }),
    };
    if (behaviour === 'slow') setTimeout(() => json(200, answer), 150);
    else json(200, answer);
  });
  return {
    ...server,
    behave: (next) => {
      behaviour = next;
    },
    hold() {
      const current = { arrived: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
      hold = current;
      return {
        arrived: current.arrived.promise,
        release() {
          hold = undefined;
          current.released.resolve();
        },
      };
    },
    issued,
    accepts: (authorization) => authorization === `Bearer ${accessToken}`,
    get refreshToken() {
      return refreshToken;
    },
  };
}
