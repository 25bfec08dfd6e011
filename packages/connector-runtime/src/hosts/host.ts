import { randomBytes } from 'node:crypto';
import { ActionError, isConnectorError } from '@org/connector-sdk';
import { bulkhead, type IPolicy } from 'cockatiel';
import type { Log } from '../types/log.ts';
import { isTransient } from '../types/transient.ts';
import type { ToHost, WireError, WireLogLine, WireRequest, WireResponse } from './child/wire.ts';
import { loadChildProgram } from './child-program.ts';
import { cancelled, crashOf, exited, hostError, outOfMemory, stopped, stuck } from './host-failure.ts';
import type { HostLimits } from './host-limits.ts';
import { type HostProcess, spawnHost } from './host-process.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { OrphanWatch } from './orphan-watch.ts';
import { type HostMessage, readMessages } from './read-messages.ts';
import { fromWireError } from './remote-error.ts';

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
  /**
   * Gives the process its connector. Once.
   * @throws RuntimeError `HOST_CRASHED` | `HOST_TIMEOUT` | `HOST_OUT_OF_MEMORY` | `HOST_DENIED` | `CONNECTOR_INCOMPATIBLE`
   */
  load(code: Uint8Array): Promise<void>;
  /** Rejects with the connector's own error, or `HOST_*`. */
  call(call: HostCall): Promise<unknown>;
  /** Set while a cancelled call is not yet acknowledged: whether the host still reacts is then open. */
  readonly reaction: Promise<void> | undefined;
  /** Resolves with what ended it. */
  readonly ended: Promise<Error>;
  kill(): void;
}

/** What looks after the processes of a pool. */
export interface HostWatches {
  readonly orphans: OrphanWatch;
  readonly memory: MemoryWatch;
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

/** A process that has the host's program and no connector yet: any key's, once it is given one. */
export async function forkHost(limits: HostLimits, watches: HostWatches): Promise<Host> {
  const nonce = randomBytes(32).toString('base64url');
  const { maxLogLines } = limits;
  const child = spawnHost(await loadChildProgram(), { nonce, maxLogLines }, limits);
  const host = createHost(child, nonce, limits);
  const { pid } = child;
  if (pid !== undefined) {
    watches.orphans.add(pid);
    watches.memory.add({ pid, onExceeded: () => host.fail(outOfMemory(`${limits.totalMemoryMb} MB`)) });
    child.onEnd(() => {
      watches.orphans.remove(pid);
      watches.memory.remove(pid);
    });
  }
  return host;
}

function createHost(child: HostProcess, nonce: string, limits: HostLimits): Host & { fail(reason: Error): void } {
  const open = new Map<number, OpenCall>();
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Error>();
  let lastId = 0;
  let end: Error | undefined;
  let reaction: PromiseWithResolvers<void> | undefined;

  let startTimer: NodeJS.Timeout | undefined;

  /** Ends the process and with it all of its calls. The first reason counts. */
  function fail(reason: Error): void {
    end ??= reason;
    clearTimeout(startTimer);
    child.kill();
    ready.reject(end);
    ended.resolve(end);
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
    return child.write(`${JSON.stringify(message)}\n`);
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

  child.onEnd((how) => {
    if ('cause' in how) fail(hostError('HOST_CRASHED', 'The host process could not be started', how.cause));
    else fail(exited(how.code, how.signal, limits.memoryMb));
  });
  readMessages(child.outlet, {
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
    fail,
    ended: ended.promise,
    async load(code) {
      const { startTimeoutMs } = limits;
      startTimer = setTimeout(
        () => fail(hostError('HOST_TIMEOUT', `The connector did not load within ${startTimeoutMs} ms`)),
        startTimeoutMs,
      );
      void send({ type: 'load', code: Buffer.from(code).toString('utf8') });
      await ready.promise;
    },
    get reaction() {
      return reaction?.promise;
    },
    kill: () => fail(stopped()),
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

function newGate(): IPolicy {
  return bulkhead(MAX_EXCHANGES, MAX_WAITING_EXCHANGES);
}

function tooManyRequests(): Error {
  const most = MAX_EXCHANGES + MAX_WAITING_EXCHANGES;
  return hostError('HOST_CRASHED', `The host process was killed: one call asked for over ${most} requests at once`);
}

function toWire(error: unknown, log: Log): WireError {
  if (!isConnectorError(error)) {
    log.error('a request of a connector failed inside the runtime', { error });
    return { code: 'EGRESS_FAILED', message: 'The request failed inside the runtime', kind: 'retryable', details: {} };
  }
  const kind = error instanceof ActionError ? error.kind : isTransient(error.code) ? 'retryable' : 'failed';
  return { code: error.code, message: error.message, kind, details: error.details };
}
