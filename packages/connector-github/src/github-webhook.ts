import { ActionError, type Delivery, type WebhookReception } from '@org/connector-sdk';
import * as z from 'zod';

const FORM = 'application/x-www-form-urlencoded';
const EVENT_HEADER = 'x-github-event';

/** What every delivery of GitHub has in common. https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const githubReception = {
  verification: { scheme: 'github-sha256' },
  contentTypes: ['application/json', FORM],
  deliveryId: { header: 'X-GitHub-Delivery' },
  handshake: { kind: 'header-value', header: 'X-GitHub-Event', value: 'ping' },
  // GitHub sends nothing larger.
  maxBodyBytes: 26_214_400,
  headers: [EVENT_HEADER],
} as const satisfies WebhookReception;

/**
 * The payload of a delivery of `event`; undefined for one of another event, whose body is not even read.
 *
 * @throws ActionError `GITHUB_DELIVERY_INVALID` | `DELIVERY_NOT_JSON`
 */
export function readPayload<S extends z.ZodType>(
  delivery: Delivery,
  event: string,
  schema: S,
): z.output<S> | undefined {
  if (delivery.headers[EVENT_HEADER] !== event) return undefined;
  const parsed = schema.safeParse(delivery.contentType === FORM ? readForm(delivery) : delivery.json());
  if (parsed.success) return parsed.data;
  throw invalid(event, parsed.error.issues[0]?.path.join('.') ?? '');
}

/** Whose name stands in a payload; null when the account is gone or nobody is named. */
export const sender = z.object({ login: z.string() }).nullish();

/** The repository that a delivery is about. */
export const repository = z.object({ id: z.int(), full_name: z.string() });

function readForm(delivery: Delivery): unknown {
  try {
    return JSON.parse(delivery.form().get('payload') ?? '');
  } catch {
    throw invalid('form', 'payload');
  }
}

function invalid(event: string, field: string): ActionError {
  return new ActionError(
    'GITHUB_DELIVERY_INVALID',
    `a "${event}" delivery does not fit at ${field || 'its top'}: look at it in the webhook's recent deliveries`,
    { details: { event, field } },
  );
}
