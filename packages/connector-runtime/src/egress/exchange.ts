import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Agent, Dispatcher } from 'undici';
import { RuntimeError } from '../types/errors.ts';
import type { CheckedTarget } from './check-target.ts';
import type { AnswerHead } from './egress-grant.ts';

export interface RawResponse extends AnswerHead {
  readonly body: Buffer;
}

export interface ExchangeRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/**
 * One request on the wire. `onSent` is called when it has a connection and is about to be written: without it, nothing left.
 * `onHead` when the answer's headers are there, before its body.
 *
 * @throws RuntimeError `EGRESS_FAILED` | `EGRESS_TIMEOUT` | `EGRESS_RESPONSE_TOO_LARGE`
 */
export async function exchange(
  agent: Agent,
  { url }: CheckedTarget,
  request: ExchangeRequest,
  bounds: { readonly signal: AbortSignal; readonly maxResponseBytes: number },
  { onSent, onHead }: { onSent(): void; onHead(head: AnswerHead): void },
): Promise<RawResponse> {
  try {
    const response = await agent.compose(reportSent(onSent)).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method as Dispatcher.HttpMethod,
      headers: { ...request.headers, 'accept-encoding': 'gzip, deflate, br' },
      body: request.body ?? null,
      signal: bounds.signal,
    });
    // A body that is given up reports that it was aborted; nobody would listen, and the process would end.
    response.body.on('error', () => {});
    const headers = flatten(response.headers);
    onHead({ status: response.statusCode, headers });
    const empty = request.method === 'HEAD' || response.statusCode === 204 || response.statusCode === 304;
    const stream = empty ? response.body : decompress(response.body, headers['content-encoding']);
    const body = await readBody(stream, bounds.maxResponseBytes, url.host);
    return { status: response.statusCode, headers, body };
  } catch (cause) {
    if (cause instanceof RuntimeError) throw cause;
    if (bounds.signal.aborted) {
      throw new RuntimeError('EGRESS_TIMEOUT', `${url.host} did not answer in time, or the call was cancelled`, {
        cause,
      });
    }
    throw new RuntimeError('EGRESS_FAILED', `The connection to ${url.host} failed (${reasonOf(cause)})`, {
      cause,
      details: { host: url.host },
    });
  }
}

function reportSent(onSent: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      ...bound(handler),
      onRequestStart(controller, context) {
        onSent();
        handler.onRequestStart?.(controller, context);
      },
    });
}

function bound(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  const { onRequestUpgrade, onResponseStart, onResponseData, onResponseEnd, onResponseError } = handler;
  return {
    ...(onRequestUpgrade && { onRequestUpgrade: onRequestUpgrade.bind(handler) }),
    ...(onResponseStart && { onResponseStart: onResponseStart.bind(handler) }),
    ...(onResponseData && { onResponseData: onResponseData.bind(handler) }),
    ...(onResponseEnd && { onResponseEnd: onResponseEnd.bind(handler) }),
    ...(onResponseError && { onResponseError: onResponseError.bind(handler) }),
  };
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

/** One encoding at most: a chain of them has no honest use. */
function decompress(body: Readable, encoding: string | undefined): Readable {
  const name = encoding?.trim().toLowerCase();
  if (name === undefined || name === '' || name === 'identity') return body;
  // The name is a stranger's: of the object itself, or `constructor` would be one.
  const decoder = Object.hasOwn(DECODERS, name) ? DECODERS[name]?.() : undefined;
  if (!decoder) {
    body.destroy();
    throw new RuntimeError(
      'EGRESS_FAILED',
      `The answer has the encoding ${JSON.stringify(name)}, which is not understood`,
    );
  }
  body.on('error', (error) => decoder.destroy(error));
  decoder.on('close', () => body.destroy());
  return body.pipe(decoder);
}

const DECODERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};

/** Counted after decompression, and stopped there. */
async function readBody(stream: Readable, maxBytes: number, host: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) {
      stream.destroy();
      throw new RuntimeError(
        'EGRESS_RESPONSE_TOO_LARGE',
        `${host} answered with more than ${maxBytes} bytes; ask for less`,
        {
          details: { host, maxBytes },
        },
      );
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, size);
}

/** A system's or TLS's code, never a message: those can quote what was sent. */
function reasonOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'no further reason';
}
