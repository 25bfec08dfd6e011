import { RuntimeError, type RuntimeErrorCode } from '../types/errors.ts';
import type { WireError } from './child/wire.ts';
import { fromWireError } from './remote-error.ts';

/** How V8 ends a process whose memory is used up; connector code itself cannot abort. */
const ENGINE_ENDED: ReadonlySet<string> = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL']);

export function hostError(code: RuntimeErrorCode, message: string, cause?: unknown): RuntimeError {
  return new RuntimeError(code, message, { cause });
}

export function cancelled(): RuntimeError {
  return hostError('HOST_CANCELLED', 'The call was cancelled');
}

export function stopped(): RuntimeError {
  return hostError('HOST_CANCELLED', 'The host was stopped');
}

export function busy(why: string): RuntimeError {
  return hostError('HOST_BUSY', `The call was not made: ${why}; raise maxHosts or call less`);
}

export function stuck(): RuntimeError {
  return hostError('HOST_CRASHED', 'The host process was killed: it no longer reacts');
}

export function outOfMemory(limit: string): RuntimeError {
  return hostError(
    'HOST_OUT_OF_MEMORY',
    `The host process was ended: the connector used more memory than its ${limit}; make it hold less at once`,
  );
}

export function exited(code: number | null, signal: string | null, memoryMb: number): RuntimeError {
  if (signal !== null && ENGINE_ENDED.has(signal)) return outOfMemory(`heap of ${memoryMb} MB`);
  return hostError(
    'HOST_CRASHED',
    `The host process ended (${signal ?? `exit code ${code}`}): see the connector's own code`,
  );
}

/** What ended the process from within. A denial stays one; anything else is a crash that says why. */
export function crashOf(error: WireError, kind: 'unloadable' | 'fatal'): Error {
  if (isRefusal(error.code)) return fromWireError(error);
  if (error.code === 'HOST_OUT_OF_MEMORY') return outOfMemory('limit');
  const when = kind === 'unloadable' ? 'while it was loaded' : 'outside of any call';
  return hostError('HOST_CRASHED', `The connector threw ${when}: ${error.message}`);
}

/** The code is not one that can ever run here: no restart will change it. */
export function isRefusal(code: string): boolean {
  return code === 'HOST_DENIED' || code === 'CONNECTOR_INCOMPATIBLE';
}
