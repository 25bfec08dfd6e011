import { RuntimeError } from '../types/errors.ts';
import type { TokenHttp } from './token-http.ts';

type OAuthFetch = (
  url: string,
  options: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
) => Promise<Response>;

/** What oauth4webapi sends, by the broker; `rewrite` gets a chance at JSON answers before it reads them. */
export function fetchThrough(http: TokenHttp, rewrite?: (answer: JsonAnswer) => JsonAnswer): OAuthFetch {
  return async (url, { method, headers, body }) => {
    const bytes = body === undefined || body === null ? undefined : Buffer.from(String(body));
    const answer = await http.request({ method, url, headers, body: bytes });
    if (answer.status === 429 || answer.status >= 500) throw unavailable(url, answer.status);
    const value = rewrite && parseJson(answer.body);
    if (!rewrite || value === undefined) {
      return new Response(new Uint8Array(answer.body), { status: answer.status, headers: answer.headers });
    }
    const read = rewrite({ status: answer.status, value });
    return Response.json(read.value, { status: read.status });
  };
}

export interface JsonAnswer {
  readonly status: number;
  readonly value: unknown;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

function unavailable(url: string, status: number): RuntimeError {
  const { host } = new URL(url);
  return new RuntimeError('EGRESS_FAILED', `${host} gives no tokens just now (status ${status}); try again later`, {
    details: { host, status },
  });
}
