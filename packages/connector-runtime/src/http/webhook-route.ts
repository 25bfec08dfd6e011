import type { Ingress, IngressAnswer } from '../ingress/index.ts';
import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';
import { isBodyConsumed, type NodeBindings, rawHeaders, readBody } from './raw-request.ts';

/** The largest body that any endpoint may declare; it bounds what is read before anything is known of the sender. */
const MAX_BODY_BYTES = 26_214_400;
const MAX_HEADERS = 100;

export interface WebhookRouteOptions {
  readonly ingress: Ingress;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a sender may take for its body. Default 30,000. */
  readonly bodyTimeoutMs?: number;
}

export type WebhookRoute = (token: string, request: Request, env: NodeBindings | undefined) => Promise<Response>;

/** `POST /hooks/<token>`: the bytes as they came, to ingress. */
export function createWebhookRoute({ ingress, clock, log, bodyTimeoutMs = 30_000 }: WebhookRouteOptions): WebhookRoute {
  let isToldOf = false;
  return async (token, request, env) => {
    const receivedAt = clock.now();
    const headers = rawHeaders(request, env);
    // Not the sender's fault: it should come again, once this is mended.
    if (isBodyConsumed(request, env)) {
      if (!isToldOf) log.error('a body was read before the runtime saw it: mount the runtime in front of body parsers');
      isToldOf = true;
      return toResponse(ingress.refuse('WEBHOOK_BODY_CONSUMED'));
    }
    if (headers.length > MAX_HEADERS) return toResponse(ingress.refuse('WEBHOOK_TOO_LARGE'));
    const body = await readBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs });
    if ('refused' in body) {
      return toResponse(ingress.refuse(body.refused === 'too-slow' ? 'WEBHOOK_TOO_SLOW' : 'WEBHOOK_TOO_LARGE'));
    }
    return toResponse(await ingress.receive({ endpointToken: token, headers, body: body.bytes, receivedAt }));
  };
}

function toResponse({ status, headers, body }: IngressAnswer): Response {
  return new Response(body, { status, headers });
}
