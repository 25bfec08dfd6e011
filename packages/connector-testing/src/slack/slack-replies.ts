import type { VendorReplies } from '../front/loopback-front.ts';

export function slackError(error: string, init: ResponseInit = {}): Response {
  return Response.json({ ok: false, error }, init);
}

export const slackReplies: VendorReplies = {
  accepted: () => new Response(null, { status: 202 }),
  rateLimited: (retryAfterSeconds) =>
    slackError('ratelimited', { status: 429, headers: { 'Retry-After': String(retryAfterSeconds) } }),
  serverError: (status) => slackError('internal_error', { status }),
};
