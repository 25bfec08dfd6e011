import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** The network between the instance and the runtime: it loses, repeats and reorders, and the instance never learns of it. */
export interface Relay {
  readonly url: string;
  /** Messages of from now on are lost at this rate, from 0 to 1. */
  lose(rate: number): void;
  /** Hands on what it holds, in any order, some of it twice; resolves when all of it was answered. */
  deliver(to: string): Promise<void>;
  /** Versions (`<sys_id>:<sys_mod_count>`) that the runtime answered with 200. */
  readonly delivered: ReadonlySet<string>;
  readonly counts: { lost: number; sent: number };
  close(): Promise<void>;
}

interface Held {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer>;
}

const TWICE = 0.2;
const AT_ONCE = 8;

export async function startRelay(random: () => number): Promise<Relay> {
  const delivered = new Set<string>();
  const counts = { lost: 0, sent: 0 };
  let held: Held[] = [];
  let rate = 0;
  const server = createServer((request, response) => {
    void readMessage(request).then((message) => {
      if (random() < rate) counts.lost += 1;
      else held.push(message, ...(random() < TWICE ? [message] : []));
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function send(to: string, { headers, body }: Held): Promise<void> {
    counts.sent += 1;
    const answer = await fetch(to, { method: 'POST', headers, body });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`the runtime answered a signed message with ${answer.status}`);
    const { sys_id, sys_mod_count } = JSON.parse(body.toString()) as Record<string, string>;
    delivered.add(`${sys_id}:${sys_mod_count}`);
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose(next) {
      rate = next;
    },
    async deliver(to) {
      const messages = held.map((message) => ({ message, at: random() })).sort((a, b) => a.at - b.at);
      held = [];
      while (messages.length > 0) {
        await Promise.all(messages.splice(0, AT_ONCE).map(({ message }) => send(to, message)));
      }
    },
    delivered,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function readMessage(request: IncomingMessage): Promise<Held> {
  const kept = Object.entries(request.headers).filter(([name]) => name.startsWith('x-') || name === 'content-type');
  return { headers: Object.fromEntries(kept) as Record<string, string>, body: await buffer(request) };
}
