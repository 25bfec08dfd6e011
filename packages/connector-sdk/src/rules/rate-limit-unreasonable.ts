import { defineMeaningRule } from '../validation/rule.ts';

/** A hundred a second: more than any vendor documents for one account. */
const MOST_PER_MINUTE = 6000;
const MOST_AT_ONCE = 50;

export const rateLimitUnreasonable = defineMeaningRule({
  id: 'rate-limit-unreasonable',
  severity: 'warning',
  title: 'The rate limit is one that a vendor grants',
  why: 'A limit too high to ever be reached protects nothing: the vendor’s own is hit, and blocks everyone on the account.',
  fix: `Write the vendor’s documented limit: at most ${MOST_PER_MINUTE} a minute and ${MOST_AT_ONCE} at once.`,
  example: {
    at: '/connection/rateLimit',
    bad: { requestsPerMinute: 1_000_000, concurrency: 2 },
    good: { requestsPerMinute: 60, concurrency: 2 },
    found: '/connection/rateLimit/requestsPerMinute',
  },
  *check({ connection }) {
    const { requestsPerMinute, concurrency } = connection.rateLimit;
    const path = ['connection', 'rateLimit'];
    if (requestsPerMinute > MOST_PER_MINUTE) {
      yield { path: [...path, 'requestsPerMinute'], message: `${requestsPerMinute} requests a minute limit nothing` };
    }
    if (concurrency > MOST_AT_ONCE) {
      yield { path: [...path, 'concurrency'], message: `${concurrency} requests at once limit nothing` };
    } else if (concurrency > requestsPerMinute) {
      yield { path: [...path, 'concurrency'], message: `${concurrency} at once are more than one minute allows` };
    }
  },
});
