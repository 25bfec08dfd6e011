/** One connection's trigger, this node's to poll until the lease is over or taken. */
export interface PollLease {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly connectionId: string;
  /** Full name. */
  readonly trigger: string;
  /** Nothing is written under a generation that is not the current one. */
  readonly generation: number;
  readonly cursor: string | undefined;
  /** Undefined before the first turn. */
  readonly intervalMs: number | undefined;
  readonly failures: number;
  /** What the enabled artifact's manifest says. */
  readonly manifestSeconds: number;
  /** Milliseconds since 1970. */
  readonly lastSuccessAt: number | undefined;
}
