import { RuntimeError } from '../types/errors.ts';
import { silentLog } from '../types/log.ts';
import type { WireRequest, WireResponse } from './child/wire.ts';
import type { HostPool } from './host-pool.ts';

interface ProbeCall {
  readonly target?: string;
  readonly timeoutMs?: number;
  readonly key?: string;
  readonly signal?: AbortSignal;
  onHttp?(request: WireRequest): Promise<WireResponse>;
}

const config = { url: 'https://probe.example' };

/** Calls one action of the probe in the pool. */
export function callProbe(pool: HostPool, code: Uint8Array, action: string, call: ProbeCall = {}): Promise<unknown> {
  return pool.call({
    key: call.key ?? 'tenant-a:digest',
    code,
    method: 'run-action',
    params: {
      action,
      input: call.target === undefined ? {} : { target: call.target },
      config,
      idempotencyKey: 'k'.repeat(26),
      attempt: 1,
      baseUrl: config.url,
    },
    timeoutMs: call.timeoutMs ?? 25_000,
    signal: call.signal,
    onHttp: call.onHttp ?? (() => Promise.reject(new RuntimeError('EGRESS_FAILED', 'no network in this test'))),
    log: silentLog,
  });
}
