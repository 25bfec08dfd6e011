import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ActionError, isConnectorError } from '@org/connector-sdk';
import { bulkhead, type IPolicy } from 'cockatiel';
import { RuntimeError, type RuntimeErrorCode } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { BOOTSTRAP } from './bootstrap.ts';
import type { ToHost, WireError, WireLogLine, WireRequest, WireResponse } from './child/wire.ts';
import { loadChildProgram } from './child-program.ts';
import type { OrphanWatch } from './orphan-watch.ts';
import { type HostMessage, readMessages } from './read-messages.ts';
import { fromWireError } from './remote-error.ts';

export interface HostLimits {
  /** Of the heap; the process is ended by V8 above it. */
  readonly memoryMb: number;
  /** Of one message from the host, an answer or a request with its body. */
  readonly maxMessageBytes: number;
  /** From start to ready. */
  readonly startTimeoutMs: number;
  /** How long a host may take to react to a cancelled call before it is killed. */
  readonly graceMs: number;
  /** Log lines kept of one call. */
  readonly maxLogLines: number;
}

export interface HostCall {
  readonly method: string;
  readonly params: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Sends a request for connector code. */
  onHttp(request: WireRequest): Promise<WireResponse>;
  readonly log: Log;
}

/** One process that runs the code of one artifact for one tenant. */
export interface Host {
  /** Rejects with the connector's own error, or `HOST_*`. */
  call(call: HostCall): Promise<unknown>;
  /** Set while a cancelled call is not yet acknowledged: whether the host still reacts is then open. */
  readonly reaction: Promise<void> | undefined;
  readonly ended: Promise<void>;
  kill(): void;
}

const MAX_LOG_FIELDS = 10_000;
/** Requests of one call that are under way at once; further ones wait. */
const MAX_EXCHANGES = 16;
const MAX_WAITING_EXCHANGES = 1_000;

interface OpenCall {
  readonly call: HostCall;
  /** Bounds what this process holds for connector code: an exchange is over when its answer was taken. */
  readonly gate: IPolicy;
  resolve(value: unknown): void;
  reject(error: Error): void;
  logLines: number;
}

/** @throws RuntimeError `HOST_CRASHED` | `HOST_TIMEOUT` | `HOST_DENIED` | `CONNECTOR_INCOMPATIBLE` when the connector does not load. */
export async function startHost(code: Uint8Array, limits: HostLimits, watch: OrphanWatch): Promise<Host> {
  const program = await loadChildProgram();
  const nonce = randomBytes(32).toString('base64url');
  const child = spawn(process.execPath, [...flags(limits), '--input-type=module', '-e', BOOTSTRAP], {
    // Connector code sees no environment and no place of this machine.
    env: {},
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  const { pid } = child;
  if (pid !== undefined) {
    watch.add(pid);
    child.on('exit', () => watch.remove(pid));
  }
  const host = createHost(child, nonce, limits);
  const start = JSON.stringify({ ...program, start: { nonce, code: Buffer.from(code).toString('utf8') } });
  child.stdin?.write(String(Buffer.byteLength(start)).padStart(16, '0') + start);
  await host.ready;
  return host;
}

/** Nothing is granted. The rest takes away what the permission model does not cover. */
function flags({ memoryMb }: HostLimits): string[] {
  return [
    '--permission',
    '--no-experimental-sqlite',
    '--no-experimental-ffi',
    '--no-addons',
    '--frozen-intrinsics',
    '--disable-proto=throw',
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    `--max-old-space-size=${memoryMb}`,
  ];
}

function createHost(child: ChildProcess, nonce: string, limits: HostLimits): Host & { readonly ready: Promise<void> } {
  const open = new Map<number, OpenCall>();
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let lastId = 0;
  let end: Error | undefined;
  let reaction: PromiseWithResolvers<void> | undefined;

  const startTimer = setTimeout(
    () => fail(hostError('HOST_TIMEOUT', `The connector did not load within ${limits.startTimeoutMs} ms`)),
    limits.startTimeoutMs,
  );

  /** Ends the process and with it all of its calls. The first reason counts. */
  function fail(reason: Error): void {
    end ??= reason;
    clearTimeout(startTimer);
    child.kill('SIGKILL');
    ready.reject(end);
    ended.resolve();
    for (const call of open.values()) call.reject(end);
    open.clear();
  }

  /** The host answers a cancelled call at once, unless connector code blocks it. */
  function awaitReaction(id: number, call: HostCall): void {
    const mine = Promise.withResolvers<void>();
    reaction = mine;
    const grace = setTimeout(() => fail(stuck()), limits.graceMs);
    const reacted = () => {
      clearTimeout(grace);
      if (reaction === mine) reaction = undefined;
      mine.resolve();
    };
    open.set(id, { call, gate: newGate(), logLines: Number.POSITIVE_INFINITY, resolve: reacted, reject: reacted });
  }

  /** Resolves when the host has taken it, or is gone. */
  function send(message: ToHost): Promise<void> {
    return new Promise((resolve) => {
      if (child.stdin === null || child.stdin.destroyed) resolve();
      else child.stdin.write(`${JSON.stringify(message)}\n`, () => resolve());
    });
  }

  async function exchange(id: number, { call }: OpenCall, seq: number, request: WireRequest): Promise<void> {
    try {
      await send({ type: 'http-response', id, seq, response: await call.onHttp(request) });
    } catch (error) {
      await send({ type: 'http-error', id, seq, error: toWire(error, call.log) });
    }
  }

  function receive({ kind, id, value }: HostMessage): void {
    if (kind === 'ready') {
      clearTimeout(startTimer);
      ready.resolve();
    } else if (kind === 'unloadable' || kind === 'fatal') {
      fail(crashOf(value as WireError, kind));
    } else {
      // What comes after the call's end is nobody's.
      const entry = open.get(id);
      if (entry) receiveOf(entry, { kind, id, value });
    }
  }

  function receiveOf(entry: OpenCall, { kind, id, value }: HostMessage): void {
    if (kind === 'http') {
      const { seq, request } = value as { seq: number; request: WireRequest };
      void entry.gate.execute(() => exchange(id, entry, seq, request)).catch(() => fail(tooManyRequests()));
    } else if (kind === 'log') {
      log(entry, value as WireLogLine);
    } else {
      open.delete(id);
      if (kind === 'answer') entry.resolve(value);
      else entry.reject(fromWireError(value as WireError));
    }
  }

  function log(entry: OpenCall, { level, message, fields }: WireLogLine): void {
    entry.logLines += 1;
    if (entry.logLines > limits.maxLogLines) return;
    const write = level === 'debug' || level === 'warn' || level === 'error' ? level : 'info';
    const size = JSON.stringify(fields ?? {}).length;
    const kept = size > MAX_LOG_FIELDS ? { omitted: `${size} characters of fields` } : fields;
    entry.call.log[write](String(message).slice(0, 2000), { connectorFields: kept });
  }

  child.stdin?.on('error', () => {});
  child.on('error', (cause) => fail(hostError('HOST_CRASHED', 'The host process could not be started', cause)));
  child.on('close', (code, signal) => {
    fail(
      hostError(
        'HOST_CRASHED',
        `The host process ended (${signal ?? `exit code ${code}`}): see the connector's own code`,
      ),
    );
  });
  readMessages(child.stdio[3] as Readable, {
    nonce,
    maxMessageBytes: limits.maxMessageBytes,
    onMessage: (message) => {
      try {
        receive(message);
      } catch (cause) {
        fail(hostError('HOST_ANSWER_INVALID', 'The host process wrote a message that makes no sense', cause));
      }
    },
    onViolation: (what) => fail(hostError('HOST_ANSWER_INVALID', `The host process ${what}`)),
  });
  ready.promise.catch(() => {});

  return {
    ready: ready.promise,
    ended: ended.promise,
    get reaction() {
      return reaction?.promise;
    },
    kill: () => fail(hostError('HOST_CANCELLED', 'The host was stopped')),
    call: (call) =>
      new Promise((resolve, reject) => {
        if (end) return reject(end);
        if (call.signal?.aborted) return reject(cancelled());
        lastId += 1;
        const id = lastId;
        // Cancelled in the host first. One that does not even answer that is stuck in a loop.
        const stop = (reason: Error) => {
          settle();
          reject(reason);
          void send({ type: 'cancel', id });
          awaitReaction(id, call);
        };
        const timer = setTimeout(() => {
          stop(hostError('HOST_TIMEOUT', `The call took longer than its ${call.timeoutMs} ms`));
        }, call.timeoutMs);
        const onAbort = () => stop(cancelled());
        const settle = () => {
          clearTimeout(timer);
          call.signal?.removeEventListener('abort', onAbort);
        };
        call.signal?.addEventListener('abort', onAbort, { once: true });
        open.set(id, {
          call,
          gate: newGate(),
          logLines: 0,
          resolve: (value) => {
            settle();
            resolve(value);
          },
          reject: (error) => {
            settle();
            reject(error);
          },
        });
        void send({ type: 'call', id, method: call.method, params: call.params });
      }),
  };
}

function hostError(code: RuntimeErrorCode, message: string, cause?: unknown): RuntimeError {
  return new RuntimeError(code, message, { cause });
}

function cancelled(): RuntimeError {
  return hostError('HOST_CANCELLED', 'The call was cancelled');
}

function newGate(): IPolicy {
  return bulkhead(MAX_EXCHANGES, MAX_WAITING_EXCHANGES);
}

function tooManyRequests(): RuntimeError {
  const most = MAX_EXCHANGES + MAX_WAITING_EXCHANGES;
  return hostError('HOST_CRASHED', `The host process was killed: one call asked for over ${most} requests at once`);
}

function stuck(): RuntimeError {
  return hostError('HOST_CRASHED', 'The host process was killed: it no longer reacts');
}

/** What ended the process from within. A denial stays one; anything else is a crash that says why. */
function crashOf(error: WireError, kind: 'unloadable' | 'fatal'): Error {
  if (error.code === 'HOST_DENIED' || error.code === 'CONNECTOR_INCOMPATIBLE') return fromWireError(error);
  const when = kind === 'unloadable' ? 'while it was loaded' : 'outside of any call';
  return hostError('HOST_CRASHED', `The connector threw ${when}: ${error.message}`);
}

function toWire(error: unknown, log: Log): WireError {
  if (!isConnectorError(error)) {
    log.error('a request of a connector failed inside the runtime', { error });
    return { code: 'EGRESS_FAILED', message: 'The request failed inside the runtime', kind: 'retryable', details: {} };
  }
  const retryable = error.code === 'EGRESS_TIMEOUT' || error.code === 'EGRESS_FAILED';
  const kind = error instanceof ActionError ? error.kind : retryable ? 'retryable' : 'failed';
  return { code: error.code, message: error.message, kind, details: error.details };
}
