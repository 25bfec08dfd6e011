import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { NodeBindings } from './raw-request.ts';

export type Body = { readonly bytes: Uint8Array } | { readonly refused: BodyRefusal };
type BodyRefusal = 'too-large' | 'too-slow' | 'no-room';

export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Asked for each piece as it arrives; false when there is no memory for it. */
  take?(bytes: number): boolean;
}

/**
 * Reads the whole body, up to a size and within a time, and no more of it than that: a large content-length is a claim, and
 * memory is only spent on what really came. Rejects when the sender hangs up.
 */
export function readBody(request: Request, limits: BodyLimits, env?: NodeBindings): Promise<Body> {
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > limits.maxBytes) return Promise.resolve({ refused: 'too-large' });
  // A web stream over Node's costs more than the rest of the request. Where a framework kept the bytes, the request has them.
  const incoming = env?.incoming;
  const isUnread = incoming instanceof Readable && !incoming.readableDidRead && incoming.rawBody === undefined;
  return isUnread ? readIncoming(incoming as IncomingMessage, limits) : readStream(request, limits);
}

function readIncoming(incoming: IncomingMessage, limits: BodyLimits): Promise<Body> {
  return new Promise((resolve, reject) => {
    const pieces = createPieces(limits);
    const stop = () => {
      clearTimeout(timer);
      incoming.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const settle = (body: Body) => {
      stop();
      resolve(body);
    };
    const onData = (piece: Buffer) => {
      const refused = pieces.add(piece);
      if (refused === undefined) return;
      incoming.pause();
      settle({ refused });
    };
    const onEnd = () => settle({ bytes: pieces.whole() });
    const onGone = (error?: Error) => {
      stop();
      reject(error ?? new Error('the sender hung up before its body was whole'));
    };
    const timer = setTimeout(() => {
      incoming.pause();
      settle({ refused: 'too-slow' });
    }, limits.timeoutMs);
    incoming.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
    if (incoming.destroyed) onGone(incoming.errored ?? undefined);
  });
}

async function readStream(request: Request, limits: BodyLimits): Promise<Body> {
  const late = Promise.withResolvers<Body>();
  const timer = setTimeout(() => late.resolve({ refused: 'too-slow' }), limits.timeoutMs);
  try {
    const reading = readPieces(request, limits);
    // The loser of the race may still fail, when the connection is closed.
    reading.catch(() => undefined);
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function readPieces(request: Request, limits: BodyLimits): Promise<Body> {
  const pieces = createPieces(limits);
  if (request.body === null) return { bytes: pieces.whole() };
  for await (const piece of request.body) {
    const refused = pieces.add(piece);
    if (refused !== undefined) return { refused };
  }
  return { bytes: pieces.whole() };
}

function createPieces({ maxBytes, take = () => true }: BodyLimits) {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return {
    add(piece: Uint8Array): BodyRefusal | undefined {
      size += piece.length;
      if (size > maxBytes) return 'too-large';
      if (!take(piece.length)) return 'no-room';
      pieces.push(piece);
      return undefined;
    },
    whole: (): Uint8Array => (pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)),
  };
}
