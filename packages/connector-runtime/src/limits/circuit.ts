import { isConnectorError } from '@org/connector-sdk';
import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  IterableBackoff,
  isBrokenCircuitError,
} from 'cockatiel';
import { RuntimeError } from '../types/errors.ts';

/** So many in a row that the SaaS did not serve. */
const FAILURES = 5;
/** How long nothing is tried; longer each time that the one request which tries it fails. */
const PAUSES_MS = [10_000, 30_000, 60_000, 300_000];

export interface CircuitView {
  readonly state: 'closed' | 'open' | 'half-open';
  /** What the last failure was. Null when it is closed. */
  readonly reason: string | null;
  /** ISO 8601; when one request will be let through to see. */
  readonly triesAt: string | null;
}

export interface Circuit {
  /** Throws `CONNECTION_FAILING` when it would be in vain to wait for a turn. */
  check(): void;
  /** Sends, or throws `CONNECTION_FAILING`. */
  execute<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T>;
  view(): CircuitView;
}

/** Stops asking a SaaS that does not answer, on this node. */
export function createCircuit(connectionId: string): Circuit {
  let pauses = 0;
  let openedAt = 0;
  const breaker: CircuitBreakerPolicy = circuitBreaker(
    handleWhenResult((answer) => isFailure((answer as { readonly status: number }).status)).orWhen(isUnserved),
    { halfOpenAfter: new IterableBackoff(PAUSES_MS), breaker: new ConsecutiveBreaker(FAILURES) },
  );
  breaker.onBreak(() => {
    openedAt = Date.now();
    pauses += 1;
  });
  breaker.onReset(() => {
    pauses = 0;
  });

  const triesAt = () => openedAt + (PAUSES_MS[Math.min(pauses, PAUSES_MS.length) - 1] ?? 0);
  const reason = () => describe(breaker.lastFailure);

  function failing(): RuntimeError {
    const retryAfterMs = Math.max(1_000, triesAt() - Date.now());
    return new RuntimeError(
      'CONNECTION_FAILING',
      `nothing is sent over connection ${connectionId} for now: ${FAILURES} requests in a row failed (${reason()}); it is tried again by itself`,
      { details: { connectionId, retryAfterMs } },
    );
  }

  return {
    check() {
      const isTesting = breaker.state === CircuitState.HalfOpen;
      if (isTesting || (breaker.state === CircuitState.Open && Date.now() < triesAt())) throw failing();
    },
    async execute<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
      let answer: T | undefined;
      try {
        // The policy keeps its last failure: a status, not an answer with its body.
        await breaker.execute(async () => {
          answer = await send();
          return { status: answer.status };
        });
      } catch (error) {
        throw isBrokenCircuitError(error) ? failing() : error;
      }
      return answer as T;
    },
    view() {
      if (breaker.state === CircuitState.Closed) return { state: 'closed', reason: null, triesAt: null };
      const state = breaker.state === CircuitState.HalfOpen ? 'half-open' : 'open';
      return { state, reason: reason(), triesAt: new Date(triesAt()).toISOString() };
    },
  };
}

function isFailure(status: number): boolean {
  return status >= 500;
}

function isUnserved(error: unknown): boolean {
  return isConnectorError(error) && (error.code === 'EGRESS_FAILED' || error.code === 'EGRESS_TIMEOUT');
}

function describe(failure: CircuitBreakerPolicy['lastFailure']): string {
  if (failure === undefined) return 'no further reason';
  if ('error' in failure) return isConnectorError(failure.error) ? failure.error.code : 'it could not be sent';
  return `status ${(failure.value as { readonly status: number }).status}`;
}
