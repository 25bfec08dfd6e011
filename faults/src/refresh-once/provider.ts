import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A provider that rotates: a refresh token works once, and one that comes a second time ends its grant. */
export interface RotatingProvider {
  readonly url: string;
  /** A grant of its own, by its first refresh token. */
  newGrant(): { readonly grant: string; readonly refreshToken: string };
  /** What became of it. */
  grant(name: string): Readonly<Grant>;
  /** Answers take this long from now on, or as long as the promise lasts. */
  answerAfter(wait: () => Promise<void>): void;
  close(): Promise<void>;
}

interface Grant {
  requests: number;
  ended: boolean;
  refreshToken: string;
  accessToken: string;
}

export async function serveProvider(): Promise<RotatingProvider> {
  const grants = new Map<string, Grant>();
  let wait: () => Promise<void> = async () => undefined;
  const token = () => randomBytes(16).toString('hex');
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const given = new URLSearchParams(body).get('refresh_token') ?? '';
      const grant = grants.get(given.split('.')[0] ?? '');
      const { status, value } = exchange(grant, given);
      void wait().then(() =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
      );
    });
  });

  function exchange(grant: Grant | undefined, given: string): { status: number; value: object } {
    if (grant) grant.requests += 1;
    if (!grant || grant.ended || grant.refreshToken !== given) {
      if (grant) grant.ended = true;
      return { status: 400, value: { error: 'invalid_grant' } };
    }
    grant.refreshToken = `${given.split('.')[0]}.${token()}`;
    grant.accessToken = token();
    const { accessToken, refreshToken } = grant;
    return {
      status: 200,
      value: { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', expires_in: 3600 },
    };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    newGrant() {
      const grant = token();
      const refreshToken = `${grant}.${token()}`;
      grants.set(grant, { requests: 0, ended: false, refreshToken, accessToken: '' });
      return { grant, refreshToken };
    },
    grant: (name) => grants.get(name) ?? { requests: 0, ended: true, refreshToken: '', accessToken: '' },
    answerAfter(next) {
      wait = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
