export interface HostLimits {
  /** Of V8's heap, which ends the process above it. */
  readonly memoryMb: number;
  /**
   * Of everything the process holds for itself: the heap, buffers outside it, WebAssembly, the engine. Above it the process is
   * ended. Enforced on Linux; elsewhere only the heap is bounded.
   */
  readonly totalMemoryMb: number;
  /** Of one message from the host, an answer or a request with its body. */
  readonly maxMessageBytes: number;
  /** From start to ready. */
  readonly startTimeoutMs: number;
  /** How long a host may take to react to a cancelled call before it is killed. */
  readonly graceMs: number;
  /** Log lines kept of one call. */
  readonly maxLogLines: number;
}

export interface HostPoolLimits extends HostLimits {
  /** Live processes, not counting the spare. More keys than that take turns. */
  readonly maxHosts: number;
  readonly idleMs: number;
  /** How long a busy key keeps its place while another waits for one. */
  readonly turnMs: number;
  /** Calls that may wait for a place; one more is refused. */
  readonly maxQueue: number;
  /** Of these, how many of one key. */
  readonly maxQueuePerKey: number;
  /** The pause after the second crash in a row; doubled with each further one. */
  readonly restartMs: number;
  readonly maxRestartMs: number;
  /** How often the processes' memory is looked at. */
  readonly memoryPollMs: number;
}

export const defaultHostLimits: HostPoolLimits = {
  memoryMb: 128,
  totalMemoryMb: 320,
  maxMessageBytes: 16 * 1024 * 1024,
  startTimeoutMs: 10_000,
  graceMs: 1_000,
  maxLogLines: 200,
  maxHosts: 64,
  idleMs: 60_000,
  turnMs: 1_000,
  maxQueue: 10_000,
  maxQueuePerKey: 1_000,
  restartMs: 1_000,
  maxRestartMs: 60_000,
  memoryPollMs: 100,
};
