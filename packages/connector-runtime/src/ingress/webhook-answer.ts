/** What an outsider is told. */
export interface IngressAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_HEADERS = { 'content-type': 'application/json' } as const;
const REJECTED_BODY = '{"error":"rejected"}';

/** The same bytes for a delivery that is new and for one that was seen before. */
export const ACCEPTED: IngressAnswer = { status: 200, headers: JSON_HEADERS, body: '{}' };

/** One answer for every stranger, whatever is wrong: an unknown address looks like a wrong signature. */
const REJECTED: IngressAnswer = { status: 401, headers: JSON_HEADERS, body: REJECTED_BODY };

const WRONG_TYPE: IngressAnswer = { status: 415, headers: JSON_HEADERS, body: REJECTED_BODY };

const TOO_LARGE: IngressAnswer = { status: 413, headers: JSON_HEADERS, body: REJECTED_BODY };

/** The body did not come in time; the connection is not worth keeping. */
const TOO_SLOW: IngressAnswer = {
  status: 408,
  headers: { ...JSON_HEADERS, connection: 'close' },
  body: REJECTED_BODY,
};

/** Nothing was stored: the sender should try again. */
const UNAVAILABLE: IngressAnswer = {
  status: 503,
  headers: { ...JSON_HEADERS, 'retry-after': '5' },
  body: '{"error":"unavailable"}',
};

/** The same for everybody, for nothing was read that could tell one from another. What is left of the body is not waited for. */
const OVERLOADED: IngressAnswer = { ...UNAVAILABLE, headers: { ...UNAVAILABLE.headers, connection: 'close' } };

const ANSWERS: ReadonlyMap<string, IngressAnswer> = new Map([
  ['WEBHOOK_CONTENT_TYPE', WRONG_TYPE],
  ['WEBHOOK_TOO_LARGE', TOO_LARGE],
  ['WEBHOOK_HEADERS_TOO_LARGE', TOO_LARGE],
  ['WEBHOOK_TOO_SLOW', TOO_SLOW],
  ['WEBHOOK_UNAVAILABLE', UNAVAILABLE],
  ['WEBHOOK_BODY_CONSUMED', UNAVAILABLE],
  ['WEBHOOK_OVERLOADED', OVERLOADED],
]);

/** The answer for a refusal. Type and size are told apart only where the sender had proved itself before. */
export function answerFor(code: string): IngressAnswer {
  return ANSWERS.get(code) ?? REJECTED;
}

/** For the true sender only: it sends more than its endpoint takes. */
export function rateLimited(waitMs: number): IngressAnswer {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return { status: 429, headers: { ...JSON_HEADERS, 'retry-after': String(seconds) }, body: '{"error":"too many"}' };
}
