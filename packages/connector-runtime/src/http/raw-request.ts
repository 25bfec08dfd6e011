import type { IncomingMessage } from 'node:http';

/** What may come beside a request; `@hono/node-server` passes `incoming`, another framework that calls `fetch` does not. */
export interface NodeBindings {
  /** Node's request (of HTTP/1 or HTTP/2): it has the headers as they were sent, and the peer. */
  readonly incoming?: Pick<IncomingMessage, 'rawHeaders'> & Partial<NodeRequest>;
  /** The path at which the runtime is mounted, where the request still has it: `/connectors`. */
  readonly prefix?: string | undefined;
}

interface NodeRequest extends Pick<IncomingMessage, 'httpVersionMajor' | 'readableDidRead'> {
  readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'>;
  /** Some frameworks keep the bytes here when they parse a body; then nothing is lost. */
  readonly rawBody: unknown;
}

/**
 * Headers in order, repeats included, names lower-case. Node's own `headers` joins or drops repeats. Without Node's request
 * (`fetch` called by another framework) repeats come joined by `, `, which no security header's pattern matches.
 */
export function rawHeaders(request: Request, env: NodeBindings | undefined): [name: string, value: string][] {
  const raw = env?.incoming?.rawHeaders;
  if (raw === undefined) return [...request.headers];
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!name.startsWith(':')) headers.push([name.toLowerCase(), raw[at + 1] ?? '']);
  }
  return headers;
}

/** True when somebody read the body before, and its bytes are gone: a body parser in front of the runtime. */
export function isBodyConsumed(request: Request, env: NodeBindings | undefined): boolean {
  const { readableDidRead = false, rawBody } = env?.incoming ?? {};
  return (readableDidRead && !(rawBody instanceof Buffer)) || request.bodyUsed;
}
