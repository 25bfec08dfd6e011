import { ActionError, isConnectorError } from '@org/connector-sdk';
import { ErrorCode } from '@slack/web-api';
import * as z from 'zod';

/** Whether the failed call could have changed something. */
export type Attempted = 'read' | 'write';

/** Refusals of Slack that mean the credential, not the call, is at fault. */
const credentialErrors: ReadonlySet<string> = new Set([
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'no_permission',
]);

/** Codes that mean that the app may not read a channel's history, now or later. */
export const unreadableHistory: ReadonlySet<string> = new Set(['SLACK_SCOPE_MISSING', 'SLACK_CHANNEL_UNUSABLE']);

const platformError = z.object({ code: z.literal(ErrorCode.PlatformError), data: z.object({ error: z.string() }) });
const rateLimited = z.object({ code: z.literal(ErrorCode.RateLimitedError), retryAfter: z.number() });
const httpError = z.object({ code: z.literal(ErrorCode.HTTPError), statusCode: z.number() });
const requestError = z.object({ code: z.literal(ErrorCode.RequestError), original: z.unknown() });

/**
 * The error behind a failed Web API call. A write whose answer did not come, or came as a 5xx or a 202, may have happened.
 * The cause is left out on purpose: Slack's errors hold the answer's headers and body.
 */
export function failureOf(error: unknown, attempted: Attempted, method: string): ActionError | Error {
  if (isConnectorError(error)) return error;
  const refused = platformError.safeParse(error);
  if (refused.success) return refusalOf(refused.data.data.error, attempted, method);
  const limited = rateLimited.safeParse(error);
  if (limited.success) return answeredFailure(429, limited.data.retryAfter, attempted, method);
  const broken = requestError.safeParse(error);
  if (broken.success && isConnectorError(broken.data.original)) return broken.data.original;
  const answered = httpError.safeParse(error);
  return answeredFailure(answered.success ? answered.data.statusCode : undefined, undefined, attempted, method);
}

/** The error behind an answer that is no answer of the Web API; `status` is undefined when none came. */
export function answeredFailure(
  status: number | undefined,
  retryAfterSeconds: number | undefined,
  attempted: Attempted,
  method: string,
): ActionError {
  const details = { method, status, retryAfterSeconds };
  if (status === 429) {
    return new ActionError('SLACK_RATE_LIMITED', `Slack turned ${method} away for its rate limit: wait`, {
      kind: 'retryable',
      details,
    });
  }
  if (status !== undefined && status !== 202 && status < 500) {
    return new ActionError('SLACK_REJECTED', `Slack answered ${status} for ${method}: check apiUrl and the request`, {
      details,
    });
  }
  if (attempted === 'write') {
    return new ActionError(
      'ACTION_OUTCOME_UNKNOWN',
      `${method} was sent, and Slack did not say whether it took effect: look in the channel before sending again`,
      { kind: 'outcome-unknown', details },
    );
  }
  return new ActionError('SLACK_UNAVAILABLE', `Slack gave no usable answer to ${method}: try again later`, {
    kind: 'retryable',
    details,
  });
}

/** The error behind `{"ok":false,"error":…}`. */
export function refusalOf(error: string, attempted: Attempted, method: string): ActionError {
  const details = { method, error };
  if (error === 'ratelimited') {
    return new ActionError('SLACK_RATE_LIMITED', `Slack turned ${method} away for its rate limit: wait`, {
      kind: 'retryable',
      details,
    });
  }
  if (credentialErrors.has(error)) {
    return new ActionError('SLACK_UNAUTHORIZED', `Slack refused the credential for ${method}: reinstall the app`, {
      kind: 'refused',
      details,
    });
  }
  if (error === 'missing_scope') {
    return new ActionError('SLACK_SCOPE_MISSING', `the app lacks a scope for ${method}: add it and reinstall the app`, {
      kind: 'refused',
      details,
    });
  }
  if (error === 'channel_not_found' || error === 'not_in_channel' || error === 'is_archived') {
    return new ActionError('SLACK_CHANNEL_UNUSABLE', `${method}: ${error}: invite the app to the channel`, {
      kind: 'refused',
      details,
    });
  }
  if (error === 'message_not_found' || error === 'cant_update_message') {
    return new ActionError('SLACK_MESSAGE_NOT_FOUND', `${method}: the message is gone or is not of this app`, {
      kind: 'refused',
      details,
    });
  }
  const isServerSide = error === 'internal_error' || error === 'fatal_error' || error === 'service_unavailable';
  if (isServerSide && attempted === 'write') {
    return new ActionError('ACTION_OUTCOME_UNKNOWN', `${method}: Slack failed with ${error} after it took the call`, {
      kind: 'outcome-unknown',
      details,
    });
  }
  return new ActionError('SLACK_REFUSED', `Slack refused ${method} with ${error}: see its documentation`, {
    kind: isServerSide ? 'retryable' : 'refused',
    details,
  });
}
