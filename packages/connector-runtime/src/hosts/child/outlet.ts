import { toWireError } from './host-error.ts';
import { byteLength, exitNow, stringifyJson, writeToFd } from './pristine.ts';
import type { FromHostKind } from './wire.ts';

/** Where a host's messages leave: a pipe of their own, which the runtime bounds while it reads. */
const OUTLET_FD = 3;

export interface Outlet {
  /** Writes one message. A value that has no JSON form becomes the call's error. */
  send(kind: FromHostKind, id: number, value: unknown): void;
}

/**
 * The nonce is only ever joined to text that is already JSON: no `toJSON`, getter or replaced method of connector code
 * runs over a value that holds it. Writing is synchronous, so lines are never interleaved.
 */
export function createOutlet(nonce: string): Outlet {
  const write = (kind: FromHostKind, id: number, json: string) => {
    const line = `${nonce} ${kind} ${id} ${json}\n`;
    // A short write would leave half a message, and connector code can close the pipe; the runtime treats the exit as a crash.
    if (!isWritten(line)) exitNow(70);
  };
  return {
    send(kind, id, value) {
      try {
        write(kind, id, stringifyJson(value) ?? 'null');
      } catch (cause) {
        write('error', id, stringifyJson(toWireError(cause)));
      }
    },
  };
}

function isWritten(line: string): boolean {
  try {
    return writeToFd(OUTLET_FD, line) === byteLength(line);
  } catch {
    return false;
  }
}
