import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';

/** Places that connector code must not reach. Whatever arrives there counts. */
export interface Sinks {
  readonly port: number;
  /** Connections and datagrams since the last look, everything on its way included. */
  arrived(): Promise<number>;
  close(): void;
}

/** The address that the deployment lists: what is declared there may be reached. Everything else of loopback is a sink. */
export const LISTED = '127.0.0.1';
export const SINK = '127.0.0.2';
const SINKS = [SINK, '127.1.2.3', '::1'];

/** On every sink's address the same port, and datagrams on the first. */
export async function openSinks(): Promise<Sinks> {
  let arrived = 0;
  const count = () => {
    arrived += 1;
  };
  const first = await listen(SINK, 0, count);
  const { port } = first.address() as AddressInfo;
  const servers = [first, ...(await Promise.all(SINKS.slice(1).map((host) => listen(host, port, count))))];
  const udp = createSocket('udp4', count).bind(port, SINK);
  await once(udp, 'listening');

  /** Both kinds of queue keep their order: behind one of our own, nothing older is missing. */
  async function flush(): Promise<number> {
    await Promise.all(SINKS.map((host) => once(connect({ host, port }).resume(), 'close')));
    const received = once(udp, 'message');
    udp.send('own', port, SINK);
    await received;
    return SINKS.length + 1;
  }

  return {
    port,
    async arrived() {
      const own = await flush();
      const others = arrived - own;
      arrived = 0;
      return others;
    },
    close() {
      udp.close();
      for (const server of servers) server.close();
    },
  };
}

async function listen(host: string, port: number, onConnection: () => void): Promise<Server> {
  const server = createServer((socket) => {
    onConnection();
    socket.on('error', () => {});
    // An answer, so that whoever was let through sees that it was.
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nsink');
  }).listen(port, host);
  await once(server, 'listening');
  return server;
}

/** What may be reached: it answers with whatever the form under way asks for. */
export async function openGoodServer(answer: RequestListener): Promise<{ readonly host: string; close(): void }> {
  const server = createHttpServer(answer).listen(0, LISTED);
  await once(server, 'listening');
  return {
    host: `${LISTED}:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
