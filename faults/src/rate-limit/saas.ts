import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request, as the SaaS saw it. */
export interface Arrival {
  readonly connection: string;
  readonly node: number;
  readonly at: number;
  /** When the caller wanted it. */
  readonly calledAt: number;
  /** Of this connection, under way when it came, itself included. */
  readonly atOnce: number;
}

/** What it told a node, and until when it wants nothing. */
export interface Block {
  readonly connection: string;
  readonly node: number;
  readonly from: number;
  readonly until: number;
  readonly kind: string;
}

export interface Saas {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  readonly blocks: readonly Block[];
  close(): Promise<void>;
}

interface Limit {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly until: number;
}

/** How a SaaS says that it wants nothing for so many seconds, and the moment that it thereby names. */
const KINDS: Readonly<Record<string, (seconds: number) => Limit>> = {
  '429 in seconds': (seconds) => inSeconds(429, seconds),
  '403 in seconds': (seconds) => inSeconds(403, seconds),
  '503 in seconds': (seconds) => inSeconds(503, seconds),
  '429 as a date'(seconds) {
    const until = Math.ceil(Date.now() / 1000 + seconds) * 1000;
    return { status: 429, headers: { 'retry-after': new Date(until).toUTCString() }, until };
  },
  '403 with a reset': (seconds) => nothingLeft(403, seconds),
  '200 and nothing left': (seconds) => nothingLeft(200, seconds),
};

function inSeconds(status: number, seconds: number): Limit {
  return { status, headers: { 'retry-after': String(seconds) }, until: Date.now() + seconds * 1000 };
}

function nothingLeft(status: number, seconds: number): Limit {
  const reset = Math.ceil(Date.now() / 1000 + seconds);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
  return { status, headers, until: reset * 1000 };
}

const SECONDS = [1, 2, 3, 9];

/** Answers by a seeded plan: mostly 200, some 202, and now and then a limit, except to the connection that is `free`. */
export async function serveSaas(random: () => number, free: string): Promise<Saas> {
  const arrivals: Arrival[] = [];
  const blocks: Block[] = [];
  const underWay = new Map<string, number>();
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

  const server = createServer((request, response) => {
    const connection = request.url?.slice(1) ?? '';
    const node = Number(request.headers['x-node']);
    const atOnce = (underWay.get(connection) ?? 0) + 1;
    underWay.set(connection, atOnce);
    arrivals.push({ connection, node, at: Date.now(), calledAt: Number(request.headers['x-called-at']), atOnce });
    request.resume();
    setTimeout(
      () => {
        // Before the answer is on its way: the next request may come as soon as it is there.
        underWay.set(connection, (underWay.get(connection) ?? 1) - 1);
        const from = Date.now();
        if (connection === free || random() > 0.06)
          return void response.writeHead(random() < 0.1 ? 202 : 200).end('{}');
        const [kind, limit] = pick(Object.entries(KINDS));
        const { status, headers, until } = limit(pick(SECONDS));
        blocks.push({ connection, node, from, until, kind });
        // Which moment is meant, for whoever watches the node: the product does not read it.
        response.writeHead(status, { ...headers, 'x-until': String(until) }).end();
      },
      10 + random() * 150,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    blocks,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
