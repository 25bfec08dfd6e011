import { createHash } from 'node:crypto';
import type { VendorReplies } from '../front/loopback-front.ts';

function failure(
  status: number,
  message: string,
  detail: string | null,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error: { message, detail }, status: 'failure' }, { status, headers });
}

/** Error bodies and headers as in the vendor's REST documentation. */
export const refusals = {
  notAuthenticated: () =>
    failure(401, 'User Not Authenticated', 'Required to provide Auth information', {
      'WWW-Authenticate': 'BASIC realm="Service-now"',
    }),
  notFound: () => failure(404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval"),
  unknownTable: (table: string) => failure(400, `Invalid table ${table}`, null),
  badRequest: (message: string, detail: string | null) => failure(400, message, detail),
  methodNotSupported: () => failure(405, 'Method not supported', 'The emulator serves GET, POST, PUT and PATCH'),
};

/** The sys_id of the rule that was hit, as in the vendor's documentation. */
const RATE_LIMIT_RULE = createHash('sha256').update('sys_rate_limit_rules:connector').digest('hex').slice(0, 32);

export function createServiceNowReplies(clock: () => number): VendorReplies {
  return {
    accepted: () => new Response(null, { status: 202 }),
    rateLimited: (retryAfterSeconds) =>
      failure(429, 'Rate limit exceeded', 'Rejected by the rate limit rule connector-emulator', {
        'Retry-After': String(retryAfterSeconds),
        'X-RateLimit-Limit': '500',
        'X-RateLimit-Reset': String(Math.floor(clock() / 1000) + retryAfterSeconds),
        'X-RateLimit-Rule': RATE_LIMIT_RULE,
      }),
    serverError: (status) => failure(status, 'Service temporarily unavailable', null),
  };
}
