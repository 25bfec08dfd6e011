import { defineMeaningRule } from '../validation/rule.ts';

export const authHeaderReserved = defineMeaningRule({
  id: 'auth-header-reserved',
  severity: 'error',
  title: 'A key is not sent in a header that belongs to HTTP',
  why: 'Headers such as `host` and `content-length` steer the request itself: a key in them breaks or redirects it, and proxies log them.',
  fix: 'Use the header that the vendor documents, usually `authorization` or `x-api-key`.',
  example: {
    at: '/connection/auth/token/header',
    bad: 'host',
    good: 'authorization',
    found: '/connection/auth/token/header',
  },
  *check({ connection }) {
    for (const [key, auth] of Object.entries(connection.auth)) {
      if (auth.kind !== 'api_key' || !RESERVED.has(auth.header.toLowerCase())) continue;
      yield { path: ['connection', 'auth', key, 'header'], message: `"${auth.header}" is not for credentials` };
    }
  },
});

/** Those that fetch forbids to set, and those that describe the body. */
const RESERVED = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'expect',
  'host',
  'keep-alive',
  'origin',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
]);
