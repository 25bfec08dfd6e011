import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The SaaS that runs write to. It takes each key once, so what was written twice has two keys. */
export interface TicketSaas {
  readonly url: string;
  readonly requests: number;
  /** Under which keys an account's ticket was written. */
  keysOf(account: string, ticket: string): ReadonlySet<string>;
  close(): Promise<void>;
}

const NONE: ReadonlySet<string> = new Set();

export async function serveTicketSaas(): Promise<TicketSaas> {
  const keys = new Map<string, Set<string>>();
  let requests = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { ticket, key } = JSON.parse(body) as { ticket: string; key: string };
      const at = `${request.headers['x-key']} ${ticket}`;
      requests += 1;
      keys.set(at, (keys.get(at) ?? new Set()).add(key));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    keysOf: (account, ticket) => keys.get(`${account} ${ticket}`) ?? NONE,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
