import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** The way between the nodes and the database, of which they know nothing. */
export interface Line {
  /** The database's, by this way. */
  readonly url: string;
  /** How long whatever is said takes, each way. */
  delayMs: number;
  /** From now on nothing arrives and nothing breaks, on new connections neither, until `speak`. */
  silence(): void;
  speak(): void;
  close(): void;
}

export async function openLine(databaseUrl: string): Promise<Line> {
  const { hostname, port } = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let spoken = Promise.withResolvers<void>();
  spoken.resolve();

  async function* carry(said: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const bytes of said) {
      if (delayMs > 0) await pause(delayMs);
      await spoken.promise;
      yield bytes;
    }
  }

  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true).once('close', () => sockets.delete(socket));
    }
    // Whichever end breaks, the other learns of it.
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      pipeline(from, carry, to).catch(() => {
        from.destroy();
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    get delayMs() {
      return delayMs;
    },
    set delayMs(ms) {
      delayMs = ms;
    },
    silence() {
      spoken = Promise.withResolvers();
    },
    speak: () => spoken.resolve(),
    close() {
      spoken.resolve();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
