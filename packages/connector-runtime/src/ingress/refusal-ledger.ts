import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';

/** Something that was refused or seen before. Without an endpoint it belongs to the deployment. */
export interface Refusal {
  /** `WEBHOOK_*`, or `duplicate`. */
  readonly code: string;
  readonly endpoint?: { readonly id: string; readonly tenantId: string } | undefined;
}

export interface RefusalCounts {
  readonly duplicates: number;
  readonly rejected: number;
}

/** Counts refusals and duplicates, and tells the audit of them once per window: a flood is one entry, not a flood. */
export interface RefusalLedger {
  count(refusal: Refusal): void;
  /** By this node since it started. */
  counts(): RefusalCounts;
  /** By this node, and not in the audit yet. */
  pending(): RefusalCounts;
  /** Writes what is counted and not yet audited. What could not be written is kept for the next time. */
  flush(): Promise<void>;
}

export interface RefusalLedgerOptions {
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  /** Default 2,000. */
  readonly windowMs?: number;
  /** Groups (endpoint and code) of one window; further ones are counted together. Default 1,000. */
  readonly maxGroups?: number;
}

interface Group {
  readonly code: string;
  readonly tenantId: string;
  readonly subject: string;
  count: number;
  firstAt: number;
  lastAt: number;
}

export function createRefusalLedger(options: RefusalLedgerOptions): RefusalLedger {
  const { audit, clock, log, windowMs = 2000, maxGroups = 1000 } = options;
  const groups = new Map<string, Group>();
  const counts = { duplicates: 0, rejected: 0 };
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function add(group: Group): void {
    const key = `${group.subject} ${group.code}`;
    const overflow = `${OVERFLOW.subject} ${group.code}`;
    const isFull = groups.size >= maxGroups && !groups.has(key);
    const known = groups.get(isFull ? overflow : key);
    if (known === undefined) {
      groups.set(isFull ? overflow : key, isFull ? { ...group, ...OVERFLOW } : group);
      return;
    }
    known.count += group.count;
    known.firstAt = Math.min(known.firstAt, group.firstAt);
    known.lastAt = Math.max(known.lastAt, group.lastAt);
  }

  function openWindow(): void {
    timer ??= setTimeout(() => void flush(), windowMs).unref();
  }

  async function writeAll(): Promise<void> {
    const window = [...groups.values()];
    groups.clear();
    for (const group of window) {
      try {
        await audit.record({
          tenantId: group.tenantId,
          kind: group.code === 'duplicate' ? 'webhook.duplicate' : 'webhook.rejected',
          actor: 'system',
          subject: group.subject,
          details: {
            ...(group.code === 'duplicate' ? {} : { code: group.code }),
            count: group.count,
            firstAt: new Date(group.firstAt).toISOString(),
            lastAt: new Date(group.lastAt).toISOString(),
          },
        });
      } catch (error) {
        add(group);
        openWindow();
        log.warn('refused deliveries could not be audited yet', { code: group.code, count: group.count, error });
      }
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(writeAll);
    return flushing;
  }

  return {
    count({ code, endpoint }) {
      if (code === 'duplicate') counts.duplicates += 1;
      else counts.rejected += 1;
      const now = clock.now();
      const of =
        endpoint === undefined
          ? { tenantId: DEPLOYMENT, subject: 'hooks' }
          : { tenantId: endpoint.tenantId, subject: `endpoint:${endpoint.id}` };
      add({ code, ...of, count: 1, firstAt: now, lastAt: now });
      openWindow();
    },
    counts: () => ({ ...counts }),
    pending() {
      const pending = { duplicates: 0, rejected: 0 };
      for (const { code, count } of groups.values()) pending[code === 'duplicate' ? 'duplicates' : 'rejected'] += count;
      return pending;
    },
    flush,
  };
}

const OVERFLOW = { tenantId: DEPLOYMENT, subject: 'many-endpoints' } as const;
