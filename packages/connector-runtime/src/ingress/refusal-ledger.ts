import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';

/** Something that was refused or seen before. Without an endpoint or a call it belongs to the deployment. */
export interface Refusal {
  /** `WEBHOOK_*`, or `duplicate`; of a call `ADMIN_*` or `TENANT_UNKNOWN`. */
  readonly code: string;
  readonly endpoint?: { readonly id: string; readonly tenantId: string } | undefined;
  /** To the admin API, by a holder who may not do that: no part of the figures, which are about deliveries. */
  readonly call?: { readonly tenantId: string; readonly actor: string; readonly operation: string } | undefined;
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
  readonly kind: 'webhook.duplicate' | 'webhook.rejected' | 'admin.refused';
  readonly code: string;
  readonly tenantId: string;
  readonly actor: string;
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
    const key = `${group.tenantId} ${group.actor} ${group.subject} ${group.code}`;
    const overflow = `${OVERFLOW.subject} ${group.kind} ${group.code}`;
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
          kind: group.kind,
          actor: group.actor,
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
        log.warn('refusals could not be audited yet', { code: group.code, count: group.count, error });
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
    count(refusal) {
      const of = placeOf(refusal);
      if (of.kind === 'webhook.duplicate') counts.duplicates += 1;
      if (of.kind === 'webhook.rejected') counts.rejected += 1;
      const now = clock.now();
      add({ code: refusal.code, ...of, count: 1, firstAt: now, lastAt: now });
      openWindow();
    },
    counts: () => ({ ...counts }),
    pending() {
      const pending = { duplicates: 0, rejected: 0 };
      for (const { kind, count } of groups.values()) {
        if (kind === 'webhook.duplicate') pending.duplicates += count;
        if (kind === 'webhook.rejected') pending.rejected += count;
      }
      return pending;
    },
    flush,
  };
}

const OVERFLOW = { tenantId: DEPLOYMENT, actor: 'system', subject: 'many-endpoints' } as const;

function placeOf({ code, endpoint, call }: Refusal): Pick<Group, 'kind' | 'tenantId' | 'actor' | 'subject'> {
  if (call) {
    return {
      kind: 'admin.refused',
      tenantId: call.tenantId,
      actor: call.actor,
      subject: `operation:${call.operation}`,
    };
  }
  const kind = code === 'duplicate' ? 'webhook.duplicate' : 'webhook.rejected';
  return endpoint === undefined
    ? { kind, tenantId: DEPLOYMENT, actor: 'system', subject: 'hooks' }
    : { kind, tenantId: endpoint.tenantId, actor: 'system', subject: `endpoint:${endpoint.id}` };
}
