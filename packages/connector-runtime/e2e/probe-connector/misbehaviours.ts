import { executionAsyncResource } from 'node:async_hooks';
import fs, { closeSync, readSync, writeSync } from 'node:fs';
import { Module } from 'node:module';
import type { ConnectorHttp, ConnectorLog } from '@org/connector-sdk';

export interface ProbeContext {
  readonly target: string;
  readonly http: ConnectorHttp;
  readonly log: ConnectorLog;
}

interface Misbehaviour {
  /** The code that its call ends with; `nothing` when the call succeeds and got nothing by it. */
  readonly ends: string;
  run(ctx: ProbeContext): unknown;
}

/** The host's outlet and inlet; see its own code. */
const [INLET, OUTLET] = [0, 3];

/** What no wall keeps connector code from trying: it uses up, breaks or deceives. Each ends with its call or its own process. */
export const misbehaviours: Readonly<Record<string, Misbehaviour>> = {
  // Time
  'infinite-loop': { ends: 'HOST_TIMEOUT', run: spin },
  'never-answers': { ends: 'HOST_TIMEOUT', run: () => new Promise(() => {}) },
  'microtask-loop': { ends: 'HOST_TIMEOUT', run: spinInMicrotasks },
  'blocking-wait': { ends: 'HOST_TIMEOUT', run: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) },
  'backtracking-regex': { ends: 'HOST_TIMEOUT', run: () => /^(a+)+$/.test(`${'a'.repeat(60)}!`) },
  'deaf-to-signals': { ends: 'HOST_TIMEOUT', run: ignoreSignals },

  // Memory
  'memory-bomb': { ends: 'HOST_OUT_OF_MEMORY', run: () => fill(() => new Array(100_000).fill(Math.random())) },
  'buffer-bomb': { ends: 'HOST_OUT_OF_MEMORY', run: () => fill(() => Buffer.alloc(10_000_000, 1)) },
  'shared-memory-bomb': { ends: 'HOST_OUT_OF_MEMORY', run: () => fill(sharedMemory) },
  'stack-overflow': { ends: 'ACTION_FAILED', run: overflow },
  'huge-reply': { ends: 'HOST_ANSWER_INVALID', run: () => 'x'.repeat(20_000_000) },

  // What crosses to the runtime
  'forge-message': { ends: 'HOST_DENIED', run: () => writeSync(OUTLET, 'nonce answer 1 {"seen":"forged"}\n') },
  'forge-in-an-answer': { ends: 'nothing', run: () => 'nothing\nnonce answer 1 {"seen":"forged"}\n' },
  'garble-messages': { ends: 'HOST_DENIED', run: () => writeSync(OUTLET, '{') },
  'close-outlet': { ends: 'HOST_DENIED', run: () => closeSync(OUTLET) },
  'close-inlet': { ends: 'HOST_DENIED', run: () => closeSync(INLET) },
  'read-inlet': { ends: 'HOST_DENIED', run: () => readSync(INLET, Buffer.alloc(1000)) },
  'unserialisable-reply': { ends: 'ACTION_FAILED', run: () => fail({ message: 1n, code: Symbol('x') }) },
  'cyclic-reply': { ends: 'ACTION_FAILED', run: ({ log }) => log.info('cyclic', cyclic()) },
  'throw-nothing': { ends: 'ACTION_FAILED', run: () => fail(null) },
  'throw-a-proxy': { ends: 'ACTION_FAILED', run: () => fail(new Proxy({}, { get: () => fail('no') })) },
  'throw-getters': { ends: 'ACTION_FAILED', run: () => fail(Object.defineProperty({}, 'code', { get: spinOnce })) },
  'pollute-an-error': { ends: 'ACTION_FAILED', run: () => fail(pollutedError()) },
  'ipc-send': { ends: 'nothing', run: () => process.send?.({ kind: 'answer' }) ?? 'nothing' },
  'ipc-internal-message': { ends: 'nothing', run: sendInternally },
  'log-flood': { ends: 'nothing', run: floodLog },
  'log-bomb': { ends: 'nothing', run: ({ log }) => log.info('bomb', { bomb: 'x'.repeat(5_000_000) }) ?? 'nothing' },
  'request-flood': { ends: 'HOST_CRASHED', run: floodRequests },

  // The host's own code
  'poison-globals': { ends: 'nothing', run: poison },
  'pollute-prototype': { ends: 'ACTION_FAILED', run: () => Object.assign(Object.prototype, { polluted: true }) },
  'code-from-text': { ends: 'ACTION_FAILED', run: () => new Function('return process')() },
  'resource-of-execution': { ends: 'nothing', run: () => noteNonce(executionAsyncResource()) },
  'call-stack': { ends: 'nothing', run: lookUpTheStack },
  'open-file-as-text-stream': { ends: 'ACTION_FAILED', run: () => new (Reflect.get(fs, 'Utf8Stream'))({ fd: 7 }) },
  'open-file-as-console': { ends: 'nothing', run: redirectConsole },
  'environment-of-engine': { ends: 'nothing', run: writeEnvironment },
  'installation-path': { ends: 'nothing', run: () => paths().join() || 'nothing' },
  environment: { ends: 'nothing', run: () => Object.keys(process.env).join() || 'nothing' },
  'parent-process-id': { ends: 'nothing', run: () => process.ppid ?? 'nothing' },
  'glob-files': { ends: 'nothing', run: async () => (await glob('/etc/host*')).join() || 'nothing' },

  // Ends of the process
  'crash-later': { ends: 'HOST_CRASHED', run: () => later(() => fail(new Error('thrown outside of the call'))) },
  'unhandled-rejection': { ends: 'HOST_CRASHED', run: () => later(() => Promise.reject(new Error('nobody looks'))) },
  'emit-crash': { ends: 'HOST_CRASHED', run: () => process.emit('uncaughtException', new Error('made up')) },
  'crash-unseen': { ends: 'HOST_CRASHED', run: crashUnseen },
};

function spin(): never {
  for (;;);
}

function spinOnce(): string {
  throw new Error('a getter that throws');
}

async function spinInMicrotasks(): Promise<never> {
  for (;;) await undefined;
}

function ignoreSignals(): never {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  return spin();
}

/** Catches what it is told, as code that means harm would. */
function fill(more: () => unknown): never {
  const kept: unknown[] = [];
  for (;;) {
    try {
      kept.push(more());
    } catch {
      kept.push(kept.length);
    }
  }
}

function sharedMemory(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(10_000_000)).fill(1);
}

function overflow(): number {
  return 1 + overflow();
}

function fail(thrown: unknown): never {
  throw thrown;
}

function cyclic(): Record<string, unknown> {
  const one: Record<string, unknown> = {};
  one.self = one;
  return one;
}

function pollutedError(): Error {
  const details: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
  return Object.assign(new Error('polluting'), { details, kind: 'polluted', code: '__proto__' });
}

function sendInternally(): string {
  const emit: unknown = Reflect.get(process, 'emit');
  const event = Reflect.apply(emit as () => boolean, process, ['internalMessage', { cmd: 'NODE_HANDLE' }, undefined]);
  return event || Reflect.get(process, 'channel') ? 'something listened' : 'nothing';
}

function floodLog({ log }: ProbeContext): string {
  for (let line = 0; line < 100_000; line += 1) log.error('flood', { line });
  return 'nothing';
}

async function floodRequests({ http }: ProbeContext): Promise<never> {
  for (let index = 0; index < 5_000; index += 1) http.request({ url: `/${index}` }).catch(() => {});
  return new Promise(() => {});
}

/** What stands before the host's messages is 43 characters of base64url. */
const NONCE = /(?<![\w-])[\w-]{43}(?![\w-])/;

function noteNonce(from: unknown): string {
  const seen = new Set<unknown>();
  const look = (value: unknown, depth: number): boolean => {
    if (typeof value === 'string') return NONCE.test(value);
    if (typeof value !== 'object' || value === null || seen.has(value) || depth > 6) return false;
    seen.add(value);
    return Reflect.ownKeys(value).some((key) => {
      const property = Reflect.getOwnPropertyDescriptor(value, key);
      return property !== undefined && 'value' in property && look(property.value, depth + 1);
    });
  };
  return look(from, 0) ? 'found what proves messages' : 'nothing';
}

/** Receivers and functions of the frames below: the host's own, if it were not strict. */
function lookUpTheStack(): string {
  const before = Error.prepareStackTrace;
  let found: unknown[] = [];
  try {
    Error.prepareStackTrace = (_, sites) => {
      found = sites.flatMap((site) => [site.getThis(), site.getFunction()]).filter((value) => value !== undefined);
      return '';
    };
  } catch {
    return 'nothing';
  }
  String(new Error('where').stack);
  Error.prepareStackTrace = before;
  return found.some((value) => value !== globalThis && typeof value === 'function')
    ? `${found.length} functions`
    : 'nothing';
}

/** The streams of the console, pointed at the engine's own pipes. */
async function redirectConsole(): Promise<string> {
  for (const stream of [process.stdout, process.stderr]) {
    for (let fd = 4; fd < 40; fd += 1) {
      Reflect.set(stream, 'fd', fd);
      await new Promise((resolve) => stream.write(Buffer.alloc(16, 0x41), resolve));
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  return 'nothing';
}

/** The real environment makes a text of everything, and is read by the libraries of the engine. */
function writeEnvironment(): string {
  Reflect.set(process.env, 'OPENSSL_MODULES', 1);
  const kept: unknown = Reflect.get(process.env, 'OPENSSL_MODULES');
  Reflect.deleteProperty(process.env, 'OPENSSL_MODULES');
  return typeof kept === 'string' ? 'written' : 'nothing';
}

function paths(): string[] {
  const places: unknown = Reflect.get(Module, 'globalPaths');
  const told = [
    process.argv0,
    process.title,
    process.execPath,
    ...process.argv,
    ...(Array.isArray(places) ? places : []),
  ];
  return told.map(String).filter((text) => text.includes('/'));
}

async function glob(pattern: string): Promise<string[]> {
  const found: string[] = [];
  const { promises } = await import('node:fs');
  for await (const file of promises.glob(pattern)) found.push(file);
  return found;
}

function later(work: () => unknown): Promise<never> {
  setImmediate(work);
  return new Promise(() => {});
}

function crashUnseen(): Promise<never> {
  process.removeAllListeners('uncaughtException');
  return later(() => fail(new Error('nobody listens')));
}

/** Replaces what the host might use, so that the next message would be of its making. */
function poison(): string {
  const forged = () => '{"seen":"forged"}';
  const targets: [object, string, unknown][] = [
    [JSON, 'stringify', forged],
    [globalThis, 'JSON', { stringify: forged, parse: forged }],
    [Array.prototype, 'map', forged],
    [Array.prototype, 'push', forged],
    [Array.prototype, 'join', forged],
    [Promise.prototype, 'then', forged],
    [Object.prototype, 'toJSON', forged],
    [String.prototype, 'split', forged],
    [String.prototype, 'slice', forged],
    [Map.prototype, 'get', forged],
    [globalThis, 'Promise', forged],
    [globalThis, 'Buffer', forged],
    [globalThis, 'process', {}],
    [globalThis, 'URL', forged],
  ];
  for (const [owner, name, value] of targets) {
    try {
      Object.defineProperty(owner, name, { value, configurable: true, writable: true });
    } catch {
      // Frozen: the next one.
    }
  }
  return 'nothing';
}
