import type { IncomingMessage } from 'node:http';

/** What `@hono/node-server` passes beside the request; absent when another framework calls `fetch`. */
export interface NodeBindings {
  readonly incoming?: Pick<IncomingMessage, 'rawHeaders'>;
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
