import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export const MODES = ['natural', 'key', 'marker', 'none'] as const;
type Mode = (typeof MODES)[number];

/** What becomes of a request to write. */
export type Fate =
  | 'answered'
  | 'reply-lost'
  | 'request-lost'
  /** Takes effect a while after the connection broke. */
  | 'late'
  | 'sender-dies-before'
  | 'sender-dies-after'
  | 'sender-dies-answered';

const LATE_MS = 1_500;

export interface WriteSaas {
  readonly url: string;
  readonly port: number;
  /** How often a ticket's write took effect. */
  effects(ticket: string): number;
  /** Requests that had their fate. */
  readonly met: Readonly<Record<Fate, number>>;
  close(): Promise<void>;
}

/** A SaaS that does what each mode says of it, and no more: what is sent twice under `marker` or `none` happens twice. */
export async function serveWriteSaas(ports: {
  fateOf(ticket: string): Fate;
  /** Kills whoever holds the other end of a connection. */
  killSender(port: number): Promise<void>;
}): Promise<WriteSaas> {
  const effects = new Map<string, number>();
  const keys = new Set<string>();
  const met = {
    answered: 0,
    'reply-lost': 0,
    'request-lost': 0,
    late: 0,
    'sender-dies-before': 0,
    'sender-dies-after': 0,
    'sender-dies-answered': 0,
  };

  function apply(mode: Mode, ticket: string, key: string): void {
    const isRepeat = (mode === 'key' && keys.has(key)) || (mode === 'natural' && effects.has(ticket));
    keys.add(key);
    if (!isRepeat) effects.set(ticket, (effects.get(ticket) ?? 0) + 1);
  }

  async function write(request: IncomingMessage, response: ServerResponse, mode: Mode): Promise<void> {
    const { ticket, key } = JSON.parse(await bodyOf(request)) as { ticket: string; key: string };
    const { remotePort = 0 } = request.socket;
    const fate = ports.fateOf(ticket);
    met[fate] += 1;
    if (fate === 'sender-dies-before') await ports.killSender(remotePort);
    if (fate === 'late') request.socket.destroy();
    if (fate === 'late') await pause(LATE_MS);
    if (fate !== 'request-lost' && fate !== 'sender-dies-before') apply(mode, ticket, key);
    if (fate === 'sender-dies-after') await ports.killSender(remotePort);
    if (fate === 'answered' || fate === 'sender-dies-answered') response.writeHead(200).end('{}');
    else request.socket.destroy();
    if (fate === 'sender-dies-answered') await ports.killSender(remotePort);
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://saas');
    const mode = MODES.find((one) => pathname === `/${one}`);
    if (request.method === 'POST' && mode !== undefined)
      return void write(request, response, mode).catch(() => undefined);
    response.writeHead(200).end(JSON.stringify({ found: keys.has(searchParams.get('key') ?? '') }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    effects: (ticket) => effects.get(ticket) ?? 0,
    met,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
