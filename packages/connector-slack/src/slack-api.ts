import type { CallContext, ConnectorLog, HttpRequest, InferOutput, Schema } from '@org/connector-sdk';
import { type Logger, LogLevel, WebClient } from '@slack/web-api';
import * as z from 'zod';
import type { SlackConfig } from './config.ts';
import { type Attempted, answeredFailure, failureOf, refusalOf } from './slack-errors.ts';

export type SlackContext = CallContext<SlackConfig>;

/**
 * A Web API client without a token: the runtime adds it to each request. It neither retries nor queues; both are the
 * runtime's. Its debug lines are dropped because they hold whole messages.
 */
export function createSlackClient(ctx: SlackContext): WebClient {
  return new WebClient(undefined, {
    slackApiUrl: ctx.config.apiUrl,
    fetch: (input, init) => ctx.http.fetch(input, { ...init, signal: ctx.signal }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: toSlackLogger(ctx.log),
  });
}

/** Makes one call and words its failure. Throws `SLACK_*` | `ACTION_OUTCOME_UNKNOWN`. */
export async function callSlack<Answer>(
  attempted: Attempted,
  method: string,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw failureOf(error, attempted, method);
  }
}

const envelope = z.union([z.object({ ok: z.literal(true) }), z.object({ ok: z.literal(false), error: z.string() })]);

/**
 * Reads by GET, which the client cannot: the runtime may then repeat it, and need not take it for a write. Throws `SLACK_*`.
 */
export async function readSlack<S extends Schema>(
  ctx: SlackContext,
  method: string,
  query: NonNullable<HttpRequest['query']>,
  answer: S,
): Promise<InferOutput<S>> {
  const response = await ctx.http.request({ url: `${ctx.config.apiUrl}${method}`, query });
  if (response.status !== 200) {
    const after = response.headers['retry-after'] ?? '';
    throw answeredFailure(response.status, /^\d{1,6}$/.test(after) ? Number(after) : undefined, 'read', method);
  }
  const outcome = response.json(envelope);
  if (!outcome.ok) throw refusalOf(outcome.error, 'read', method);
  return response.json(answer);
}

function toSlackLogger(log: ConnectorLog): Logger {
  const note = () => log.debug('the Slack client reported a problem; the error of the call says which');
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: note,
    error: note,
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  };
}
