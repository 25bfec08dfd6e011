import type { ActionErrorKind } from '@org/connector-sdk';
import type { WireError } from './wire.ts';

const MAX_MESSAGE = 1000;

/** Compared one by one: connector code may have changed what arrays and sets do. */
export function isActionErrorKind(kind: unknown): kind is ActionErrorKind {
  return kind === 'failed' || kind === 'refused' || kind === 'retryable' || kind === 'outcome-unknown';
}

/**
 * An error made inside the host. It carries the SDK's brand and shape, so that connector code sees an `ActionError`,
 * while the host itself imports nothing.
 */
export class HostError extends Error {
  readonly code: string;
  readonly kind: ActionErrorKind;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: Partial<Pick<WireError, 'kind' | 'details'>> = {}) {
    super(message);
    this.name = 'ActionError';
    this.code = code;
    this.kind = options.kind ?? 'failed';
    this.details = options.details ?? {};
    Object.defineProperty(this, Symbol.for('@org/connector-sdk/error'), { value: true });
  }
}

export function denied(what: string): HostError {
  return new HostError('HOST_DENIED', `Connector code has no ${what}; it reaches its SaaS through ctx.http only`);
}

/** Any thrown value as data. Reading it may run connector code (getters, proxies), so nothing is taken for granted. */
export function toWireError(thrown: unknown): WireError {
  try {
    return describe(thrown);
  } catch {
    return { code: 'ACTION_FAILED', message: 'Connector code threw an unreadable value', kind: 'failed', details: {} };
  }
}

function describe(thrown: unknown): WireError {
  if (wasDenied(thrown)) {
    const { message, details } = denied('access to files, sockets, processes or other parts of this machine');
    return { code: 'HOST_DENIED', message, kind: 'failed', details };
  }
  if (isOutOfMemory(thrown)) {
    return {
      code: 'HOST_OUT_OF_MEMORY',
      message: 'Connector code asked for more memory than it may have',
      kind: 'failed',
      details: {},
    };
  }
  const error: Readonly<Record<string, unknown>> = isObject(thrown) ? thrown : {};
  const message = typeof error.message === 'string' ? error.message : String(thrown);
  const branded = error[Symbol.for('@org/connector-sdk/error') as unknown as string] === true;
  if (!branded || typeof error.code !== 'string') {
    return { code: 'ACTION_FAILED', message: message.slice(0, MAX_MESSAGE), kind: 'failed', details: {} };
  }
  return {
    code: error.code.slice(0, 100),
    message: message.slice(0, MAX_MESSAGE),
    kind: isActionErrorKind(error.kind) ? error.kind : 'failed',
    details: isObject(error.details) ? error.details : {},
  };
}

/** Node's permission model answers `ERR_ACCESS_DENIED`, often wrapped by whatever library ran into it. */
function wasDenied(thrown: unknown, depth = 0): boolean {
  if (!isObject(thrown) || depth > 5) return false;
  if (DENIALS.has(String(thrown.code))) return true;
  if (Array.isArray(thrown.errors) && thrown.errors.some((error) => wasDenied(error, depth + 1))) return true;
  return wasDenied(thrown.cause, depth + 1);
}

/** A buffer that the engine could not allocate: "Array buffer allocation failed", "Failed to allocate memory". */
function isOutOfMemory(thrown: unknown): boolean {
  return thrown instanceof RangeError && /\ballocat/i.test(thrown.message);
}

const DENIALS: ReadonlySet<string> = new Set([
  'HOST_DENIED',
  'ERR_ACCESS_DENIED',
  'ERR_DLOPEN_DISABLED',
  // What `--no-experimental-sqlite` and `--no-experimental-ffi` leave behind.
  'ERR_UNKNOWN_BUILTIN_MODULE',
]);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
