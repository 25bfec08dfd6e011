import { type Admitted, createAdmission, type Ingress, type IngressAnswer } from '../ingress/index.ts';
import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';
import { textResponse } from './known-text.ts';
import { startPace } from './pace.ts';
import { isBodyConsumed, type NodeBindings, rawHeaders } from './raw-request.ts';
import { readBody } from './read-body.ts';

/** The largest body that any endpoint may declare; it bounds what is read before anything is known of the sender. */
const MAX_BODY_BYTES = 26_214_400;

/** What a request may cost before anything is known of its sender. */
export interface WebhookLimits {
  /** Requests in hand on this node; further ones are told to come again. Default 1,000. */
  readonly maxRequests?: number | undefined;
  /** Bytes of all bodies in hand, as far as they arrived. Default 134,217,728 (128 MiB). */
  readonly maxBytesInHand?: number | undefined;
  /** Default 100. */
  readonly maxHeaders?: number | undefined;
  /** Names and values together. Default 16,384. */
  readonly maxHeaderBytes?: number | undefined;
  /** How long a sender may take for its body. Default 30,000. */
  readonly bodyTimeoutMs?: number | undefined;
  /**
   * A refusal is answered so long after its body was whole, or a multiple of that: longer than it takes to look an endpoint
   * up, so that its time does not tell whether one was. Default 50; 0 answers at once.
   */
  readonly refusalPaceMs?: number | undefined;
}

export interface WebhookRouteOptions {
  readonly ingress: Ingress;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: WebhookLimits;
}

export type WebhookRoute = (token: string, request: Request, env: NodeBindings | undefined) => Promise<Response>;

/** `POST /hooks/<token>`: the bytes as they came, to ingress. */
export function createWebhookRoute({ ingress, clock, log, limits = {} }: WebhookRouteOptions): WebhookRoute {
  const { maxRequests, maxBytesInHand, maxHeaders = 100, maxHeaderBytes = 16_384 } = limits;
  const { bodyTimeoutMs = 30_000, refusalPaceMs = 50 } = limits;
  const admission = createAdmission({ maxRequests, maxBytes: maxBytesInHand });

  let isToldOf = false;

  async function answer(
    token: string,
    request: Request,
    env: NodeBindings | undefined,
    admitted: Admitted,
  ): Promise<IngressAnswer> {
    const receivedAt = clock.now();
    const headers = rawHeaders(request, env);
    // Not the sender's fault: it should come again, once this is mended.
    if (isBodyConsumed(request, env)) {
      if (!isToldOf) log.error('a body was read before the runtime saw it: mount the runtime in front of body parsers');
      isToldOf = true;
      return ingress.refuse('WEBHOOK_BODY_CONSUMED');
    }
    if (headers.length > maxHeaders || bytesOf(headers) > maxHeaderBytes) {
      return ingress.refuse('WEBHOOK_HEADERS_TOO_LARGE');
    }
    const take = (bytes: number) => admitted.take(bytes);
    const body = await readBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs, take }, env);
    if ('refused' in body) return ingress.refuse(REFUSALS[body.refused]);
    const pace = startPace(refusalPaceMs);
    const answered = await ingress.receive({ endpointToken: token, headers, body: body.bytes, receivedAt });
    if (answered.status < 400) return pace.stop(answered);
    // The body is not needed any more; only the answer waits.
    admitted.leave();
    return pace.next(answered);
  }

  return async (token, request, env) => {
    const admitted = admission.enter();
    if (admitted === undefined) return toResponse(ingress.refuse('WEBHOOK_OVERLOADED'));
    try {
      return toResponse(await answer(token, request, env, admitted));
    } finally {
      admitted.leave();
    }
  };
}

const REFUSALS = {
  'too-large': 'WEBHOOK_TOO_LARGE',
  'too-slow': 'WEBHOOK_TOO_SLOW',
  'no-room': 'WEBHOOK_OVERLOADED',
} as const;

function bytesOf(headers: readonly (readonly [string, string])[]): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes;
}

function toResponse({ status, headers, body }: IngressAnswer): Response {
  return textResponse(body, { status, headers });
}
