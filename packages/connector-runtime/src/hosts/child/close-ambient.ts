import dns from 'node:dns';
import fs from 'node:fs';
import Module, { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import v8 from 'node:v8';
import { closeDescriptors } from './close-descriptors.ts';
import { close, closed } from './close-property.ts';
import { denied } from './host-error.ts';

/**
 * Closes what Node's permission model leaves open, before connector code loads. The permission model (no file, network,
 * child process, worker, addon, inspector) is the wall; this removes the ways to disturb the runtime or learn about the
 * machine that it does not know: signals, user ids, diagnostics, other modules by the back door.
 */
export function closeAmbient(stdin: NodeJS.ReadStream): void {
  closeDescriptors(stdin);
  // The shell that sets the limits exports where it is.
  for (const name of Object.keys(process.env)) delete process.env[name];
  // What is written to the real one reaches the engine's libraries, which read files and load code by it.
  Object.defineProperty(process, 'env', { value: {}, writable: false, configurable: false, enumerable: true });
  hideInstallation();
  for (const name of Object.getOwnPropertyNames(process)) {
    if (!KEPT_OF_PROCESS.has(name)) close(process, name);
  }
  for (const name of ['fetch', 'WebSocket', 'EventSource']) {
    const deny = function deny() {
      throw denied(`global ${name}`);
    };
    Object.defineProperty(globalThis, name, { value: deny, writable: false, configurable: false });
  }
  Object.defineProperty(globalThis, 'process', { value: process, writable: false, configurable: false });
  // Machine code from bytes that nobody signed, in memory that no limit of the heap counts.
  const noWebAssembly = { get: () => closed('WebAssembly'), configurable: false };
  Object.defineProperty(globalThis, 'WebAssembly', noWebAssembly);
  // `--frozen-intrinsics` freezes the objects; these are the names they are known by.
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const property = Object.getOwnPropertyDescriptor(globalThis, name);
    if (name === 'Buffer' || (/^[A-Z]/.test(name) && property?.writable && property.configurable)) {
      const value: unknown = Reflect.get(globalThis, name);
      Object.defineProperty(globalThis, name, { value, writable: false, configurable: false });
    }
  }
  // The permission model lets these tell whether a path exists.
  for (const name of ['realpath', 'realpathSync']) close(fs, name);
  close(fs.promises, 'realpath');
  for (const name of ['_findPath', '_stat', '_resolveLookupPaths', '_initPaths', 'findPackageJSON'])
    close(Module, name);
  // Hooks of connector code would come before the host's own, and could load what those refuse.
  for (const name of ['registerHooks', 'register', 'enableCompileCache', 'flushCompileCache']) close(Module, name);
  for (const name of ['hostname', 'userInfo', 'networkInterfaces', 'setPriority', 'homedir']) close(os, name);
  // The machine's name servers.
  for (const owner of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
    for (let at: object | null = owner; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      close(at, 'getServers');
    }
  }
  // Compiles a text that nobody signed; what else loads a module by these reads files.
  for (const name of ['_compile', 'load']) close(Module.prototype, name);
  // A heap snapshot would show what proves the host's own messages.
  for (const name of Object.keys(v8)) if (!KEPT_OF_V8.has(name)) close(v8, name);
  syncBuiltinESMExports();
}

/** What libraries serialise with; nothing that looks into the heap or changes the engine. */
const KEPT_OF_V8: ReadonlySet<string> = new Set([
  ...['serialize', 'deserialize', 'Serializer', 'Deserializer', 'DefaultSerializer', 'DefaultDeserializer'],
  ...['getHeapStatistics', 'getHeapSpaceStatistics'],
]);

/** What libraries and Node itself read of `process`; everything else that it has is closed. */
const KEPT_OF_PROCESS: ReadonlySet<string> = new Set([
  ...['version', 'versions', 'arch', 'platform', 'release', 'config', 'features', 'argv', 'argv0', 'execArgv', 'title'],
  ...['env', 'pid', 'exitCode', 'permission', 'domain', 'sourceMapsEnabled', 'allowedNodeEnvironmentFlags'],
  ...['nextTick', 'hrtime', 'uptime', 'memoryUsage', 'cpuUsage', 'resourceUsage', 'constrainedMemory'],
  ...['availableMemory', 'emitWarning', 'cwd', '_exiting', 'stdout', 'stderr'],
  ...['throwDeprecation', 'traceDeprecation', 'noDeprecation', 'getuid', 'geteuid', 'getgid', 'getegid'],
  // The event emitter, and what Node's own timers, promises and warnings call.
  ...['_events', '_eventsCount', '_maxListeners', '_tickCallback', '_fatalException'],
  ...[
    'setUncaughtExceptionCaptureCallback',
    'hasUncaughtExceptionCaptureCallback',
    'addUncaughtExceptionCaptureCallback',
  ],
]);

/** The program's path says where the runtime is installed, and often whose machine it is. It is started by its mere name. */
function hideInstallation(): void {
  Object.defineProperty(process, 'title', { value: 'node', writable: false, configurable: false, enumerable: true });
  process.argv.splice(0, process.argv.length, 'node');
  const paths: unknown = Reflect.get(Module, 'globalPaths');
  if (Array.isArray(paths)) paths.length = 0;
}
