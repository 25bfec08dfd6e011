import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { getRequestListener } from '@hono/node-server';
import { requirePrefix } from './path-below.ts';
import type { RuntimeFetch } from './request-gate.ts';

export interface NodeListenerOptions {
  /**
   * Where it is mounted, when the requests still have that in their path (`/connectors`): what is not below it is 404. Leave
   * it out where the framework takes it off, as Express does for `app.use('/connectors', …)`.
   */
  readonly prefix?: string;
}

/** What `http.createServer`, Express' `use` and Fastify (behind `reply.hijack()`) take; also of `node:http2`. */
export type NodeListener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;

/**
 * A runtime as a listener of Node's own servers. It sees headers as they were sent, so that a repeated signature is refused,
 * and reads the raw body: mount it before body parsers. A body that was read before is answered 503, and the log says why.
 *
 * @throws RuntimeError `CONFIG_INVALID` for a prefix that is none
 */
export function toNodeListener(
  runtime: { readonly fetch: RuntimeFetch },
  { prefix }: NodeListenerOptions = {},
): NodeListener {
  if (prefix !== undefined) requirePrefix(prefix);
  const listener = getRequestListener(
    (request, { incoming }) => runtime.fetch(request, { incoming: incoming as IncomingMessage, prefix }),
    { overrideGlobalObjects: false },
  );
  // It answers its own failures, and never rejects.
  return (request, response) => void listener(request, response);
}
