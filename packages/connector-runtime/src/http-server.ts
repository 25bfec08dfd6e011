import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { HttpOptions } from './config-http.ts';
// Not by their index: the rest of it is loaded once the port is taken.
import {
  boundConnections,
  type ConnectionLimits,
  type ConnectionRefusal,
  connectionOptions,
} from './http/connection-limits.ts';
import type { NodeBindings } from './http/index.ts';
import { writeResponse } from './http/write-response.ts';
import { HTTP2_IDLE_MS, HTTP2_LIMITS } from './http2-limits.ts';
import { RuntimeError } from './types/errors.ts';

export interface HttpServerOptions {
  readonly port: number;
  readonly host: string;
  readonly http: Pick<HttpOptions, 'http2'>;
  readonly limits: { readonly connections: ConnectionLimits };
}

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Refuses new connections and lets requests in hand finish; what has not ended after `patienceMs` is cut off. */
  close(patienceMs: number): Promise<void>;
}

type Fetch = (request: Request, env: NodeBindings) => Response | Promise<Response>;

/** @throws RuntimeError `PORT_UNAVAILABLE` */
export async function startHttpServer(
  { port, host, http, limits: { connections } }: HttpServerOptions,
  fetch: Fetch,
  onRefused: (why: ConnectionRefusal) => void = () => undefined,
): Promise<HttpServer> {
  const server = createAdaptorServer({
    fetch: async (request, env) =>
      writeResponse(await fetch(request, env as NodeBindings), env.outgoing as ServerResponse),
    overrideGlobalObjects: false,
    ...(http.http2
      ? { createServer: createHttp2Server, serverOptions: HTTP2_LIMITS }
      : { serverOptions: connectionOptions(connections) }),
  });
  boundConnections(server as Server, connections, onRefused);
  const sessions = aliveOf<ServerHttp2Session>(server, 'session');
  const sockets = aliveOf<Socket>(server, 'connection');
  if (http.http2) server.setTimeout(HTTP2_IDLE_MS);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new RuntimeError(
      'PORT_UNAVAILABLE',
      `Port ${port} of ${host} can't be listened on (${code}): stop what uses it, or set another port in the config`,
      { cause },
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close(patienceMs) {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      // GOAWAY: streams that were begun end, no further ones begin.
      for (const session of sessions) session.close();
      if ('closeIdleConnections' in server) server.closeIdleConnections();
      // Sockets, not sessions: a session that is destroyed still waits for its peer.
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, patienceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** The HTTP/2 sessions or the connections of a server that live now: closing it leaves them open. */
function aliveOf<Alive extends ServerHttp2Session | Socket>(
  server: ServerType,
  event: 'session' | 'connection',
): ReadonlySet<Alive> {
  const alive = new Set<Alive>();
  server.on(event, (one: Alive) => {
    alive.add(one);
    one.once('close', () => alive.delete(one));
  });
  return alive;
}
