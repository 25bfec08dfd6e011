import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Place } from './administrator.ts';

type Headers = readonly (readonly [name: string, value: string])[];

/** Signs as ServiceNow's business rule does. Repeats in the list are sent as repeats. */
export function signedHeaders(body: Uint8Array, { secret }: Place, id: string): Headers {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return [
    ['Content-Type', 'application/json'],
    ['X-Connector-Timestamp', timestamp],
    ['X-Connector-Signature', `sha256=${signature}`],
    ['X-Connector-Delivery', id],
  ];
}

/** A request whose body is still to come; the server has seen its head, and said so. */
export interface OpenRequest {
  /** Sends the body; gives the status of the answer. */
  finish(body: Uint8Array): Promise<number>;
}

/** Begins a request on a connection of its own, over a plain socket: no client library joins or drops headers. */
export async function beginRequest(
  origin: string,
  path: string,
  length: number,
  headers: Headers,
): Promise<OpenRequest> {
  const { hostname, port, host } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    'Expect: 100-continue',
    `Content-Length: ${length}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.toString().startsWith('HTTP/1.1 100 ')) throw new Error(`answered before its body: ${head.toString()}`);
  return {
    async finish(body) {
      socket.write(body);
      const answer = await text(socket);
      return Number(answer.split(' ')[1]);
    },
  };
}

export async function post(origin: string, path: string, body: Uint8Array, headers: Headers): Promise<number> {
  return (await beginRequest(origin, path, body.length, headers)).finish(body);
}
