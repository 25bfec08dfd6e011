import { ActionError, type HttpResponse, isConnectorError } from '@org/connector-sdk';

/** Whether the failed request could have changed something. */
export type Attempted = 'read' | 'write';

/**
 * The error behind an answer that is not what was asked for. A write that got a 202 or a 5xx may have happened or may
 * still happen (the vendor's session queue), so its outcome is unknown; a 429 was turned away before anything was done.
 */
export function failureOf(response: HttpResponse, attempted: Attempted, subject: string): ActionError {
  const { status } = response;
  const details = { status, subject };
  if (status === 401) {
    return new ActionError('SERVICENOW_UNAUTHORIZED', `ServiceNow refused the credential for ${subject}: reconnect`, {
      details,
    });
  }
  if (status === 403) {
    return new ActionError(
      'SERVICENOW_FORBIDDEN',
      `the integration user may not ${attempted} ${subject}: grant it the roles of the README`,
      { details },
    );
  }
  if (status === 404) {
    return new ActionError(
      'SERVICENOW_NOT_FOUND',
      `${subject} does not exist or is hidden from the integration user: check the id and its roles`,
      { details },
    );
  }
  if (status === 429) {
    return new ActionError(
      'SERVICENOW_RATE_LIMITED',
      `a rate limit rule of the instance turned ${subject} away: wait`,
      {
        kind: 'retryable',
        details: { ...details, retryAfterSeconds: readRetryAfter(response) },
      },
    );
  }
  if (attempted === 'write' && (status === 202 || status >= 500)) return outcomeUnknown(subject, { status });
  if (status === 202 || status >= 500) {
    return new ActionError('SERVICENOW_UNAVAILABLE', `ServiceNow answered ${status} for ${subject}: try again later`, {
      kind: 'retryable',
      details: { ...details, retryAfterSeconds: readRetryAfter(response) },
    });
  }
  return new ActionError('SERVICENOW_REJECTED', `ServiceNow answered ${status} for ${subject}: check the request`, {
    details,
  });
}

/** A write was sent; whether it took effect is not known. */
export function outcomeUnknown(subject: string, details: { readonly status?: number }, cause?: unknown): ActionError {
  return new ActionError(
    'ACTION_OUTCOME_UNKNOWN',
    `a write to ${subject} was sent, and ServiceNow did not say whether it took effect: read the record before sending again`,
    { kind: 'outcome-unknown', details: { ...details, subject }, cause },
  );
}

/** What a thrown request means for a write: the runtime's own refusals stay, a broken connection leaves the outcome open. */
export function brokenWrite(error: unknown, subject: string): unknown {
  if (isConnectorError(error) && error.code !== 'HTTP_RESPONSE_UNEXPECTED') return error;
  return outcomeUnknown(subject, {}, error);
}

function readRetryAfter(response: HttpResponse): number | undefined {
  const text = response.headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
