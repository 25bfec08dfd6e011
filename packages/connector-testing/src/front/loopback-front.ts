import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { TestingError } from '../errors.ts';
import { createFaultDesk, type Fault, type FaultDesk } from './fault-switches.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';

/** A request read to its end, so that it can be applied later than it is answered. */
export interface FrontRequest {
  method: string;
  url: URL;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
}

/** How the vendor words the answers that a fault switch gives. */
export interface VendorReplies {
  accepted(): Response;
  rateLimited(retryAfterSeconds: number): Response;
  serverError(status: number): Response;
}

export interface LoopbackFront {
  url: string;
  port: number;
  faults: FaultDesk;
  requests: RequestLog;
  close(): Promise<void>;
}

export interface LoopbackFrontOptions {
  /** 0 takes any free port. */
  port: number;
  replies: VendorReplies;
  respond: (request: FrontRequest) => Promise<Response>;
}

/** Listens on 127.0.0.1 and puts the fault switches and the request log before `respond`. Throws `PORT_UNAVAILABLE`. */
export async function startLoopbackFront(options: LoopbackFrontOptions): Promise<LoopbackFront> {
  const faults = createFaultDesk();
  const requests = createRequestLog();
  const closing = new AbortController();
  const fetch = async (raw: Request, env: HttpBindings | Http2Bindings): Promise<Response> => {
    const request = await readRequest(raw);
    const seen = requests.open(request.method, request.url);
    const fault = faults.take(request.method, request.url.pathname);
    if (fault) seen.fault = fault.kind;
    const response = fault
      ? await respondUnderFault(fault, request, options, faults, closing.signal)
      : await options.respond(request);
    if (response === undefined || closing.signal.aborted) {
      env.outgoing.socket?.destroy();
      return RESPONSE_ALREADY_SENT;
    }
    seen.status = response.status;
    return response;
  };
  const server = createAdaptorServer({ fetch }) as Server;
  const port = await listen(server, options.port);
  let closed: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    faults,
    requests,
    close() {
      closed ??= new Promise((resolve) => {
        closing.abort();
        faults.clear();
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

/** Listens on 127.0.0.1 and gives the port. Throws `PORT_UNAVAILABLE`. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on 127.0.0.1:${port}; give another port, or 0 for any free one`;
      reject(new TestingError('PORT_UNAVAILABLE', message, { details: { port }, cause }));
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
}

/** The same request again, for the emulator behind the front. */
export function toFetchRequest(request: FrontRequest, url: string | URL = request.url): Request {
  const bodiless = request.method === 'GET' || request.method === 'HEAD';
  const headers = new Headers(request.headers);
  for (const name of ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive']) headers.delete(name);
  return new Request(url, { method: request.method, headers, ...(bodiless ? {} : { body: request.body }) });
}

async function readRequest(raw: Request): Promise<FrontRequest> {
  const body = new Uint8Array(await raw.arrayBuffer());
  return { method: raw.method, url: new URL(raw.url), headers: new Headers(raw.headers), body };
}

/** `undefined`: the caller never gets an answer. */
async function respondUnderFault(
  fault: Fault,
  request: FrontRequest,
  { respond, replies }: LoopbackFrontOptions,
  faults: FaultDesk,
  signal: AbortSignal,
): Promise<Response | undefined> {
  switch (fault.kind) {
    case 'rate-limit-429':
      return replies.rateLimited(fault.retryAfterSeconds ?? 1);
    case 'server-error-5xx':
      if (fault.applied === true) await respond(request);
      return replies.serverError(fault.status ?? 503);
    case 'lose-reply':
      if (fault.applied !== false) await respond(request);
      return undefined;
    case 'accepted-202':
      if (fault.applied === true) await respond(request);
      else faults.defer(() => respond(request));
      return replies.accepted();
    case 'delay':
      return aroundPause(
        fault,
        () => respond(request),
        () => pause(fault.delayMs ?? 0, signal),
      );
    case 'hold':
      return aroundPause(
        fault,
        () => respond(request),
        () => faults.hold(),
      );
  }
}

async function aroundPause(fault: Fault, respond: () => Promise<Response>, wait: () => Promise<void>) {
  if (fault.applied === false) {
    await wait();
    return respond();
  }
  const response = await respond();
  await wait();
  return response;
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  // A closing emulator drops the answer anyway, so the abort needs no report.
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
