import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { knownText } from './known-text.ts';

/** Writes a response whose text is known to Node's own, at once; others are left to the adapter. */
export function writeResponse(response: Response, outgoing: ServerResponse): Response {
  const text = knownText(response);
  if (text === undefined || outgoing.headersSent || outgoing.destroyed) return response;
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  outgoing.setHeader('content-length', Buffer.byteLength(text));
  outgoing.end(text);
  return RESPONSE_ALREADY_SENT;
}
