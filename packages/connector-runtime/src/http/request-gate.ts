import type { NodeBindings } from './raw-request.ts';

export type RuntimeFetch = (request: Request, env?: NodeBindings) => Promise<Response>;

/** What every request passes: it knows what is in hand, and lets an ending runtime finish it. */
export interface RequestGate {
  readonly fetch: RuntimeFetch;
  readonly isDraining: boolean;
  /** From now on each answer asks for another connection; everything is still answered. */
  drain(): void;
  /** Takes nothing new, and waits until all in hand is answered. False when some of it took longer than `patienceMs`. */
  close(patienceMs: number): Promise<boolean>;
}

const CLOSED = { status: 503, headers: { 'content-type': 'application/json', 'retry-after': '5' } } as const;

export function createRequestGate(
  answer: (request: Request, env: NodeBindings | undefined) => Response | Promise<Response>,
): RequestGate {
  let state: 'open' | 'draining' | 'closed' = 'open';
  let inHand = 0;
  /** Resolved once a closed gate has nothing in hand. */
  let emptied: (() => void) | undefined;

  /** A sender that keeps its connection would never learn of the other nodes. HTTP/2 says it for the session. */
  function leaving(response: Response, env: NodeBindings | undefined): Response {
    const isOwnConnection = (env?.incoming?.httpVersionMajor ?? 2) < 2;
    if (state !== 'open' && isOwnConnection) response.headers.set('connection', 'close');
    return response;
  }

  return {
    async fetch(request, env) {
      if (state === 'closed') return leaving(new Response('{"error":"unavailable"}', CLOSED), env);
      inHand += 1;
      try {
        return leaving(await answer(request, env), env);
      } finally {
        inHand -= 1;
        if (inHand === 0) emptied?.();
      }
    },
    get isDraining() {
      return state !== 'open';
    },
    drain() {
      if (state === 'open') state = 'draining';
    },
    async close(patienceMs) {
      state = 'closed';
      if (inHand === 0) return true;
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), patienceMs);
        emptied = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
    },
  };
}
