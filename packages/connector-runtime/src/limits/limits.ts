import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';
import type { Priority } from '../types/priority.ts';
import { type ConnectionGate, createConnectionGate, type GateView } from './connection-gate.ts';
import { parseNotice } from './parse-notice.ts';
import type { AnswerHead, LimitedConnection, RateLedger, RateLimit, Timeline } from './ports.ts';
import { MAX_BLOCK_MS, readAnswer } from './read-answer.ts';
import { systemTimeline } from './system-timeline.ts';

/** So many connections are remembered before those at rest are forgotten. */
const REMEMBERED = 1_000;

export interface LimitsOptions {
  readonly ledger: RateLedger;
  readonly nodeId: string;
  /** The time of day, for answers that name one and do not say theirs. */
  readonly clock: Clock;
  readonly log: Log;
  readonly time?: Timeline;
}

/** The requests of one call, in the order of their importance. */
export interface CallLimits {
  pass<T extends AnswerHead>(
    request: {
      readonly patienceMs: number;
      readonly signal: AbortSignal;
      /** Part of something that has begun: it goes before what has not. */
      readonly begun: boolean;
    },
    send: (onHead: (head: AnswerHead) => void) => Promise<T>,
  ): Promise<T>;
  /** Connector code read in an answer that the SaaS wants nothing for so long. */
  askedToWait(forMs: number): void;
}

export interface Limits {
  open(connection: LimitedConnection, limit: RateLimit, priority: Priority): CallLimits;
  /** What another node notified. */
  onMessage(text: string): void;
  /** Notifications may have been lost. */
  onGap(): void;
  /** This node's part; undefined when it has not used the connection lately. */
  view(connectionId: string): GateView | undefined;
  stop(): Promise<void>;
}

/** What may leave to each SaaS, and when: budgets that all nodes share, the SaaS's own word, and a circuit that opens. */
export function createLimits({ ledger, nodeId, clock, log, time = systemTimeline }: LimitsOptions): Limits {
  const gates = new Map<string, ConnectionGate>();

  function gateOf(connection: LimitedConnection): ConnectionGate {
    const known = gates.get(connection.id);
    if (known) return known;
    if (gates.size >= REMEMBERED) for (const [id, gate] of gates) if (gate.isIdle) gates.delete(id);
    const gate = createConnectionGate(connection, { ledger, time, log });
    gates.set(connection.id, gate);
    return gate;
  }

  return {
    open(connection, limit, priority) {
      return {
        pass({ begun, ...request }, send) {
          const gate = gateOf(connection);
          const onHead = (head: AnswerHead) => {
            const pause = readAnswer(head, clock.now());
            if (pause === undefined) return;
            const { forMs, ...block } = pause;
            gate.block(block, forMs);
          };
          return gate.pass({ ...request, priority: begun ? 'interactive' : priority }, limit, () => send(onHead));
        },
        askedToWait: (forMs) => gateOf(connection).block({ status: null }, Math.min(forMs, MAX_BLOCK_MS)),
      };
    },

    onMessage(text) {
      const notice = parseNotice(text);
      if (notice === undefined || notice.nodeId === nodeId) return;
      const gate = gates.get(notice.connectionId);
      if (notice.kind === 'block') gate?.blockedElsewhere(notice.forMs);
      else gate?.shareAgain();
    },

    onGap() {
      for (const gate of gates.values()) gate.endLease();
    },

    view: (connectionId) => gates.get(connectionId)?.view(),

    async stop() {
      await Promise.all([...gates.values()].map((gate) => gate.stop()));
    },
  };
}
