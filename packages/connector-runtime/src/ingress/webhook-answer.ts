/** What an outsider is told. */
export interface IngressAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_HEADERS = { 'content-type': 'application/json' } as const;

/** The same bytes for a delivery that is new and for one that was seen before. */
export const ACCEPTED: IngressAnswer = { status: 200, headers: JSON_HEADERS, body: '{}' };

/** One answer for every stranger, whatever is wrong: an unknown address looks like a wrong signature. */
const REJECTED: IngressAnswer = { status: 401, headers: JSON_HEADERS, body: '{"error":"rejected"}' };

const WRONG_TYPE: IngressAnswer = { status: 415, headers: JSON_HEADERS, body: '{"error":"rejected"}' };

const TOO_LARGE: IngressAnswer = { status: 413, headers: JSON_HEADERS, body: '{"error":"rejected"}' };

/** The body did not come in time; the connection is not worth keeping. */
const TOO_SLOW: IngressAnswer = {
  status: 408,
  headers: { ...JSON_HEADERS, connection: 'close' },
  body: '{"error":"rejected"}',
};

/** Nothing was stored: the sender should try again. */
const UNAVAILABLE: IngressAnswer = {
  status: 503,
  headers: { ...JSON_HEADERS, 'retry-after': '5' },
  body: '{"error":"unavailable"}',
};

/** The answer for a refusal. Type and size are told apart only where the sender had proved itself before. */
export function answerFor(code: string): IngressAnswer {
  if (code === 'WEBHOOK_CONTENT_TYPE') return WRONG_TYPE;
  if (code === 'WEBHOOK_TOO_LARGE') return TOO_LARGE;
  if (code === 'WEBHOOK_TOO_SLOW') return TOO_SLOW;
  return code === 'WEBHOOK_UNAVAILABLE' || code === 'WEBHOOK_BODY_CONSUMED' ? UNAVAILABLE : REJECTED;
}
