/** The host, the machine, a credential's renewal or a limit was in the way, not what was asked: another attempt may do better. */
const TRANSIENT: ReadonlySet<string> = new Set([
  ...['HOST_TIMEOUT', 'HOST_CRASHED', 'HOST_CANCELLED', 'HOST_OUT_OF_MEMORY', 'HOST_RESTARTING', 'HOST_BUSY'],
  ...['RUNTIME_STOPPED', 'EGRESS_TIMEOUT', 'EGRESS_FAILED', 'CREDENTIAL_BUSY', 'CONNECTION_FAILING', 'RATE_LIMITED'],
]);

/** Whether a failure of the runtime with this code passes by itself. */
export function isTransient(code: string): boolean {
  return TRANSIENT.has(code);
}
