import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { lookup, Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createRequire, Module, registerHooks } from 'node:module';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { getHeapSnapshot, queryObjects, setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { Worker } from 'node:worker_threads';

const hostProgram = ['file:', '', '', 'host', 'hosts', 'child', 'main.ts'].join('/');
const untyped = (value: unknown) => value as Record<string, (...args: unknown[]) => unknown>;

/** Ways out that must end in `HOST_DENIED`. Each returns, and so fails its test, when it succeeds. */
export const escapeAttempts: Readonly<Record<string, (target: string) => unknown>> = {
  'read-file': () => readFile('/etc/hostname', 'utf8'),
  'read-file-sync': () => fs.readFileSync('/proc/self/environ', 'utf8'),
  'read-directory': () => fs.readdirSync('/'),
  'read-own-program': (target) => readFile(target, 'utf8'),
  'find-file': () => fs.realpathSync('/etc/hostname'),
  'write-file': () => writeFile('/tmp/probe-was-here', 'x'),
  'watch-file': () => fs.watch('/tmp'),
  'net-connect': (target) => once(connect(Number(new URL(target).port), '127.0.0.1'), 'connect'),
  'tls-connect': (target) => once(connectTls(Number(new URL(target).port), '127.0.0.1'), 'secureConnect'),
  'net-listen': () => once(createServer().listen(0), 'listening'),
  'unix-socket': () => once(connect('/var/run/docker.sock'), 'connect'),
  'http-get': (target) => once(get(target), 'response'),
  'http2-connect': (target) => once(connectHttp2(target), 'connect'),
  'global-fetch': (target) => fetch(target),
  'global-websocket': (target) => new WebSocket(target),
  'dns-lookup': () => lookup('localhost'),
  'dns-resolver': () => new Resolver({ timeout: 100, tries: 1 }).resolve4('leak.example'),
  udp: () =>
    new Promise((resolve, reject) => {
      const socket = createSocket('udp4');
      socket.on('error', reject);
      socket.send('leak', 53, '127.0.0.1', (error) => (error ? reject(error) : resolve('sent')));
    }),
  'child-process': () => execFileSync('id'),
  worker: () => new Worker('1', { eval: true }),
  'inspector-import': () => import('node:inspector'),
  'sqlite-import': () => import('node:sqlite'),
  'sqlite-builtin': () => process.getBuiltinModule('node:sqlite'),
  'ffi-import': () => import(['node', 'ffi'].join(':')),
  'wasi-import': () => import('node:wasi'),
  'builtin-by-the-back-door': () => process.getBuiltinModule('node:child_process'),
  'module-load': () => untyped(Module)._load?.('node:sqlite'),
  'require-file': () => createRequire(import.meta.url)('/etc/hostname'),
  'import-file': () => import(['file:', '', '', 'etc', 'hostname'].join('/')),
  'import-data': () => import(['data:text/javascript', 'export default 1'].join(',')),
  'import-host-program': () => import(hostProgram),
  'kill-parent': () => process.kill(process.ppid, 'SIGKILL'),
  'signal-group': () => process.kill(0, 'SIGTERM'),
  abort: () => process.abort(),
  exit: () => process.exit(0),
  'really-exit': () => untyped(process).reallyExit?.(0),
  'process-binding': () => untyped(process).binding?.('spawn_sync'),
  'linked-binding': () => untyped(process)._linkedBinding?.('spawn_sync'),
  'native-addon': () => process.dlopen({ exports: {} }, '/tmp/addon.node'),
  'change-user': () => process.setuid?.(1),
  'change-directory': () => process.chdir('/tmp'),
  umask: () => process.umask(0),
  'debug-parent': () => untyped(process)._debugProcess?.(process.ppid),
  'diagnostic-report': () => untyped(process.report).getReport?.(),
  'load-env-file': () => process.loadEnvFile('/etc/environment'),
  'heap-snapshot': () => writeHeapSnapshot(),
  'heap-stream': () => getHeapSnapshot().readable,
  'heap-query': () => queryObjects(Object, { format: 'summary' }),
  'v8-flags': () => setFlagsFromString('--expose-gc'),
  'os-user': () => userInfo(),
  'module-hooks-then-file': () => {
    registerHooks({ resolve: (url) => ({ url, shortCircuit: true }) });
    return import(['file:', '', '', 'etc', 'hostname'].join('/'));
  },
  'drop-permission': () => {
    Reflect.defineProperty(process, 'permission', { value: { has: () => true } });
    return fs.readFileSync('/etc/hostname');
  },
};
