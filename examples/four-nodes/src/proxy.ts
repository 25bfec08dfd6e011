import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Hands each request to the next node that is ready. */
export interface Proxy {
  readonly origin: string;
  /** Resolves once this node is seen ready, or seen not ready. */
  until(origin: string, isReady: boolean): Promise<void>;
  close(): Promise<void>;
}

const CHECK_MS = 100;

/** Round robin over `nodes`, each asked for `/readyz` all the time: a node that drains or is gone gets nothing new. */
export async function startProxy(nodes: readonly string[]): Promise<Proxy> {
  const ready = new Set<string>();
  const waiting = new Set<() => void>();
  let turn = 0;

  async function check(origin: string): Promise<void> {
    const answer = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer?.ok) ready.add(origin);
    else ready.delete(origin);
    await answer?.body?.cancel();
    for (const look of waiting) look();
  }

  const server = createServer((incoming, outgoing) => {
    const candidates = nodes.filter((origin) => ready.has(origin));
    const chosen = candidates[turn++ % candidates.length];
    if (chosen === undefined) {
      outgoing.writeHead(503, { 'retry-after': '1' }).end();
      return;
    }
    const { method = 'GET', url = '/', headers } = incoming;
    const onward = request(new URL(url, chosen), { method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    // Whether the node took it is not known here: the sender is told to come again, and a repeat is a duplicate.
    onward.once('error', () => {
      ready.delete(chosen);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(503, { 'retry-after': '1' }).end();
    });
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let checking = Promise.resolve();
  const timer = setInterval(() => {
    checking = Promise.all(nodes.map(check)).then(() => undefined);
  }, CHECK_MS);
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    until: (origin, isReady) =>
      new Promise((resolve) => {
        const look = () => {
          if (ready.has(origin) !== isReady) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async close() {
      clearInterval(timer);
      await checking;
      server.closeAllConnections();
      server.close();
    },
  };
}
