/** What one node is to do. */
export interface RateLimitJob {
  readonly databaseUrl: string;
  readonly saasUrl: string;
  readonly node: number;
  readonly seconds: number;
  readonly seed: number;
  readonly connections: readonly LimitedConnection[];
  /** Its requests ask nobody before they leave: the build that must be caught. */
  readonly ungated: boolean;
}

export interface LimitedConnection {
  readonly id: string;
  readonly tenantId: string;
  readonly limit: { readonly requestsPerMinute: number; readonly concurrency: number };
  /** Between two requests of one node. */
  readonly everyMs: number;
}

/** What a node tells of what it did, by connection. */
export interface NodeReport {
  readonly refused: Readonly<Record<string, number>>;
  readonly failed: readonly string[];
  /** Requests that left although it had been told to wait, by its own clock. */
  readonly tooEarly: readonly string[];
}
