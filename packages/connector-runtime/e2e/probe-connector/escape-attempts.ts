import * as childProcess from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { getServers, lookup, lookupService, Resolver, reverse } from 'node:dns/promises';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createRequire, Module, registerHooks } from 'node:module';
import { connect, createServer, Socket } from 'node:net';
import { hostname, networkInterfaces, setPriority, userInfo } from 'node:os';
import { kill } from 'node:process';
import { connect as connectTls } from 'node:tls';
import { WriteStream } from 'node:tty';
import {
  getHeapSnapshot,
  queryObjects,
  setFlagsFromString,
  setHeapSnapshotNearHeapLimit,
  writeHeapSnapshot,
} from 'node:v8';
import { Worker } from 'node:worker_threads';

const hostProgram = ['file:', '', '', 'host', 'hosts', 'child', 'main.ts'].join('/');
const placeOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });
const untyped = (value: unknown) => value as Record<string, (...args: unknown[]) => unknown>;

/** Of a process, the engine's pipes among them: what is written to the right one is called as machine code. */
const OPEN_FILES = Array.from({ length: 40 }, (_, number) => number);
const ADDRESS = Buffer.alloc(16, 0x41);

/** Tries each; those of another type than a socket or pipe are no use. */
function onEachPipe(use: (fd: number) => unknown): unknown {
  return OPEN_FILES.map((fd) => {
    try {
      return use(fd);
    } catch (error) {
      if (
        ['ERR_INVALID_FD_TYPE', 'ERR_TTY_INIT_FAILED', 'EEXIST', 'EBADF', 'EAGAIN'].includes(
          String(untyped(error).code),
        )
      )
        return 0;
      throw error;
    }
  });
}

/** Ways out that must end in `HOST_DENIED`. Each returns, and so fails its test, when it succeeds. */
export const escapeAttempts: Readonly<Record<string, (target: string) => unknown>> = {
  'read-file': () => readFile('/etc/hostname', 'utf8'),
  'read-file-sync': () => fs.readFileSync('/proc/self/environ', 'utf8'),
  'read-directory': () => fs.readdirSync('/'),
  'read-own-program': (target) => readFile(target, 'utf8'),
  'read-by-url': () => readFile(new URL('file:///etc/hostname')),
  'read-by-buffer-path': () => fs.readFileSync(Buffer.from('/etc/hostname')),
  'read-by-descriptor-path': () => fs.readFileSync('/proc/self/fd/0'),
  'read-as-blob': async () => (await fs.openAsBlob('/etc/hostname')).text(),
  'read-as-stream': (target) => once(fs.createReadStream(target.startsWith('/') ? target : '/etc/hostname'), 'data'),
  'read-memory-of-parent': () => fs.openSync('/proc/1/mem', 'r'),
  'stat-file': () => fs.statSync('/etc/hostname'),
  'does-file-exist': () => fs.existsSync('/etc/hostname'),
  'find-file': () => fs.realpathSync('/etc/hostname'),
  'find-file-async': () => realpath('/etc/hostname'),
  'find-file-by-module-path': () => untyped(Module)._findPath?.('/no/such/file', ['']),
  'find-file-by-require': () => createRequire(import.meta.url).resolve('/etc/hostname'),
  'write-file': () => writeFile('/tmp/probe-was-here', 'x'),
  'watch-file': () => fs.watch('/tmp'),
  'watch-by-polling': () => fs.watchFile('/etc/hostname', () => {}),
  'temp-directory': () => fs.mkdtempSync('/tmp/probe-'),
  'link-file': () => fs.symlinkSync('/etc', '/tmp/probe-link'),
  'open-file-by-number': () => OPEN_FILES.map((fd) => fs.writeSync(fd, ADDRESS)),
  'open-files-at-once': () => OPEN_FILES.map((fd) => fs.writevSync(fd, [ADDRESS])),
  'open-file-as-path': () => OPEN_FILES.map((fd) => fs.writeFileSync(fd, ADDRESS)),
  'open-file-as-stream': () => once(fs.createWriteStream('', { fd: 7 }).end(ADDRESS), 'finish'),
  'open-file-as-socket': () => onEachPipe((fd) => new Socket({ fd, writable: true }).write(ADDRESS)),
  'open-file-by-connect': () => onEachPipe((fd) => connect({ fd, path: '/x' } as never).on('error', () => {})),
  'open-file-as-terminal': () => onEachPipe((fd) => new WriteStream(fd).write(ADDRESS)),
  'open-file-as-channel': () => onEachPipe((fd) => untyped(childProcess)._forkChild?.(fd, 'json')),
  'close-open-files': () => OPEN_FILES.map((fd) => fs.closeSync(fd)),
  'net-connect': (target) => once(connect(placeOf(target)), 'connect'),
  'tls-connect': (target) => once(connectTls(placeOf(target)), 'secureConnect'),
  'net-listen': () => once(createServer().listen(0), 'listening'),
  'unix-socket': () => once(connect('/var/run/docker.sock'), 'connect'),
  'unix-socket-abstract': () => once(connect('\0probe'), 'connect'),
  'http-get': (target) => once(get(target), 'response'),
  'http2-connect': (target) => once(connectHttp2(target), 'connect'),
  'global-fetch': (target) => fetch(target),
  'global-websocket': (target) => new WebSocket(target),
  'global-event-source': (target) =>
    new (untyped(globalThis).EventSource as unknown as new (url: string) => object)(target),
  'dns-lookup': () => lookup('localhost'),
  'dns-resolver': () => new Resolver({ timeout: 100, tries: 1 }).resolve4('leak.example'),
  'dns-servers': () => getServers(),
  'dns-servers-of-resolver': () => new Resolver().getServers(),
  'dns-reverse': () => reverse('127.0.0.1'),
  'dns-service': () => lookupService('127.0.0.1', 22),
  udp: (target) =>
    new Promise((resolve, reject) => {
      const socket = createSocket('udp4');
      socket.on('error', reject);
      socket.send('leak', placeOf(target).port, placeOf(target).host, (error) =>
        error ? reject(error) : resolve('sent'),
      );
    }),
  'child-process': () => execFileSync('id'),
  'replace-process': () => untyped(process).execve?.('/bin/true', ['true']),
  worker: () => new Worker('1', { eval: true }),
  'inspector-import': () => import('node:inspector'),
  'sqlite-import': () => import('node:sqlite'),
  'sqlite-builtin': () => process.getBuiltinModule('node:sqlite'),
  'ffi-import': () => import(['node', 'ffi'].join(':')),
  'wasi-import': () => import('node:wasi'),
  'cluster-import': () => import('node:cluster'),
  'repl-import': () => import('node:repl'),
  'trace-events-import': () => import('node:trace_events'),
  'test-runner-import': () => import('node:test'),
  'vm-import': () => import('node:vm'),
  'vm-by-require': () => createRequire(import.meta.url)('vm'),
  'vm-by-module-load': () => untyped(Module)._load?.('node:vm'),
  webassembly: () => untyped(untyped(globalThis).WebAssembly).compile?.(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
  'builtin-by-the-back-door': () => process.getBuiltinModule('node:child_process'),
  'module-compile': () => untyped(new Module('text'))._compile?.('module.exports = process', '/text.js'),
  'module-load-as-object': () => untyped(new Module('/etc/hostname')).load?.('/etc/hostname'),
  'module-search-path': () => createRequire(import.meta.url).resolve.paths('anything'),
  'module-load': () => untyped(Module)._load?.('node:sqlite'),
  'require-file': () => createRequire(import.meta.url)('/etc/hostname'),
  'import-file': () => import(['file:', '', '', 'etc', 'hostname'].join('/')),
  'import-data': () => import(['data:text/javascript', 'export default 1'].join(',')),
  'import-host-program': () => import(hostProgram),
  'kill-parent': () => process.kill(process.ppid, 'SIGKILL'),
  'kill-by-named-import': () => kill(process.ppid, 'SIGKILL'),
  'signal-group': () => process.kill(0, 'SIGTERM'),
  'signal-for-inspector': () => process.kill(process.pid, 'SIGUSR1'),
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
  'write-diagnostic-report': () => untyped(process.report).writeReport?.('/tmp/probe-report.json'),
  'active-handles': () => untyped(process)._getActiveHandles?.(),
  'open-stdin': () => untyped(process).openStdin?.(),
  'load-env-file': () => process.loadEnvFile('/etc/environment'),
  'heap-snapshot': () => writeHeapSnapshot(),
  'heap-stream': () => getHeapSnapshot().readable,
  'heap-query': () => queryObjects(Object, { format: 'summary' }),
  'heap-snapshot-at-limit': () => setHeapSnapshotNearHeapLimit(1),
  'v8-flags': () => setFlagsFromString('--expose-gc'),
  'os-user': () => userInfo(),
  'os-hostname': () => hostname(),
  'os-network': () => networkInterfaces(),
  'os-priority': () => setPriority(19),
  'module-hooks-then-file': () => {
    registerHooks({ resolve: (url) => ({ url, shortCircuit: true }) });
    return import(['file:', '', '', 'etc', 'hostname'].join('/'));
  },
  'module-hooks-to-builtin': () => {
    registerHooks({ resolve: () => ({ url: ['node', 'vm'].join(':'), shortCircuit: true }) });
    return import(String('anything'));
  },
  'drop-permission': () => {
    Reflect.defineProperty(process, 'permission', { value: { has: () => true } });
    return fs.readFileSync('/etc/hostname');
  },
};
