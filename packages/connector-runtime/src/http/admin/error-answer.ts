import { isConnectorError } from '@org/connector-sdk';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

const STATUS: Readonly<Record<string, ContentfulStatusCode>> = {
  ADMIN_UNAUTHORIZED: 401,
  ADMIN_FORBIDDEN: 403,
  ADMIN_DEPLOYMENT_ONLY: 403,
  ADMIN_REQUEST_INVALID: 400,
  ADMIN_NOT_FOUND: 404,
  ADMIN_FAILED: 500,
  NAME_TAKEN: 409,
  CONNECTION_AMBIGUOUS: 409,
  CONNECTION_IN_USE: 409,
  CONNECTION_DISABLED: 409,
  DELIVERY_NOT_DEAD: 409,
  ENDPOINT_SECRET_CURRENT: 409,
  ENDPOINT_ROTATION_LIMIT: 409,
  ENDPOINT_CONNECTION_DELETED: 409,
  CREDENTIAL_BUSY: 503,
  RATE_LIMITED: 503,
  CONNECTION_FAILING: 503,
  OAUTH_DISCOVERY_FAILED: 502,
  POLL_UNDER_WAY: 409,
  POLL_TOO_SOON: 409,
  APPROVAL_ALREADY_DECIDED: 409,
  APPROVAL_ALREADY_COUNTED: 409,
  APPROVAL_EXPIRED: 409,
  RUN_NOT_UNSETTLED: 409,
  RUN_SETTLED_OTHERWISE: 409,
  RUN_NOT_DIVERGED: 409,
  RUN_FINISHED: 409,
  POLICY_CONFLICT: 409,
  AUDIT_BROKEN: 409,
  APPROVAL_ACTOR_NOT_ALLOWED: 403,
  APPROVAL_GROUP_UNREADABLE: 403,
  DATABASE_UNREACHABLE: 503,
  KEY_SERVICE_UNAVAILABLE: 503,
  SECRET_REFERENCE_NOT_ALLOWED: 403,
  SECRET_REFERENCE_UNAVAILABLE: 502,
  RUNTIME_STOPPED: 503,
  ARTIFACT_NOT_FOUND: 404,
  ARTIFACT_PROMOTER_NOT_ALLOWED: 403,
  ARTIFACT_QUARANTINED: 409,
  ARTIFACT_ROLLBACK: 409,
};

export interface ErrorAnswer {
  readonly status: ContentfulStatusCode;
  readonly body: { readonly error: { readonly code: string; readonly message: string; readonly details: object } };
}

/** What an administrator is told of an error: ours with code, message and details; of any other only that there was one. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (!isConnectorError(error)) {
    const message = 'the request failed for a reason that only the log has; look there';
    return { status: 500, body: { error: { code: 'ADMIN_FAILED', message, details: {} } } };
  }
  return { status: statusOf(error.code), body: { error: error.toJSON() } };
}

function statusOf(code: string): ContentfulStatusCode {
  const known = Object.hasOwn(STATUS, code) ? STATUS[code] : undefined;
  if (known !== undefined) return known;
  if (code.endsWith('_UNKNOWN')) return 404;
  return /^(?:HOST|EGRESS)_/.test(code) ? 502 : 422;
}
