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

export type Body = { readonly bytes: Uint8Array } | { readonly refused: 'too-large' | 'too-slow' };

/** Reads the whole body, up to a size and within a time, and no more of it than that. Throws when the sender hangs up. */
export async function readBody(
  request: Request,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<Body> {
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > limits.maxBytes) return { refused: 'too-large' };
  const late = Promise.withResolvers<Body>();
  const timer = setTimeout(() => late.resolve({ refused: 'too-slow' }), limits.timeoutMs);
  try {
    // Piece by piece: a large content-length is a claim, and memory is only spent on what really came.
    const reading = readBounded(request, limits.maxBytes);
    // The loser of the race may still fail, when the connection is closed.
    reading.catch(() => undefined);
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function readBounded(request: Request, maxBytes: number): Promise<Body> {
  if (request.body === null) return { bytes: new Uint8Array(0) };
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > maxBytes) return { refused: 'too-large' };
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks) };
}
