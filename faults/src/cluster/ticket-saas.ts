import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A write that the SaaS has taken and not answered yet. */
export interface HeldWrite {
  readonly account: string;
  readonly ticket: string;
  /** The sender's end of the connection. */
  readonly port: number;
  answer(): void;
}

/** The SaaS that runs write to. It takes each key once, so what was written twice has two keys. */
export interface TicketSaas {
  readonly url: string;
  readonly port: number;
  readonly requests: number;
  /** Whether it answers a write of this ticket at once; otherwise `held` has it until it is answered. */
  answersAtOnce: (ticket: string) => boolean;
  readonly held: Set<HeldWrite>;
  /** When a ticket's write was sent, by `performance.now()`, each time. */
  sentAt(account: string, ticket: string): readonly number[];
  /** Under which keys an account's ticket was written. */
  keysOf(account: string, ticket: string): ReadonlySet<string>;
  /** From now on polling finds it. */
  list(account: string, ticket: string): void;
  close(): Promise<void>;
}

const PAGE = 20;
const NONE: ReadonlySet<string> = new Set();

export async function serveTicketSaas(): Promise<TicketSaas> {
  const keys = new Map<string, Set<string>>();
  const times = new Map<string, number[]>();
  const held = new Set<HeldWrite>();
  let answersAtOnce: TicketSaas['answersAtOnce'] = () => true;
  const lists = new Map<string, string[]>();
  let requests = 0;
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      const listed = lists.get(String(request.headers['x-key'])) ?? [];
      const after = Number(new URL(request.url ?? '', 'http://saas').searchParams.get('after'));
      const events = listed.slice(after, after + PAGE).map((ticket) => ({ ticket }));
      const cursor = after + events.length;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ events, cursor: String(cursor), more: cursor < listed.length }));
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { ticket, key } = JSON.parse(body) as { ticket: string; key: string };
      const at = `${request.headers['x-key']} ${ticket}`;
      requests += 1;
      keys.set(at, (keys.get(at) ?? new Set()).add(key));
      times.set(at, [...(times.get(at) ?? []), performance.now()]);
      const answer = () => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      if (answersAtOnce(ticket)) return answer();
      const account = String(request.headers['x-key']);
      const write = { account, ticket, port: request.socket.remotePort ?? 0, answer };
      held.add(write);
      response.once('close', () => held.delete(write));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    held,
    get answersAtOnce() {
      return answersAtOnce;
    },
    set answersAtOnce(rule) {
      answersAtOnce = rule;
    },
    sentAt: (account, ticket) => times.get(`${account} ${ticket}`) ?? [],
    get requests() {
      return requests;
    },
    keysOf: (account, ticket) => keys.get(`${account} ${ticket}`) ?? NONE,
    list(account, ticket) {
      const listed = lists.get(account) ?? [];
      listed.push(ticket);
      lists.set(account, listed);
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Under what a noticed ticket is recorded the second time. */
export function secondOf(ticket: string): string {
  return `${ticket}, again`;
}
