import fs from 'node:fs';
import net from 'node:net';
import { Writable } from 'node:stream';
import tty from 'node:tty';
import { close } from './close-property.ts';

/**
 * Takes the numbers of open files away from connector code. The permission model asks about paths and addresses, and not about
 * what is open already: the engine's own pipes. One of them carries pointers of libuv's signal handlers, which are called as they
 * come; whoever writes there runs machine code of their choice, outside of every other wall.
 */
export function closeDescriptors(stdin: NodeJS.ReadStream): void {
  for (const name of TAKE_A_DESCRIPTOR) close(fs, name);
  // They take a pipe for a terminal.
  for (const name of ['ReadStream', 'WriteStream']) close(tty, name);
  // What stands behind `new Socket({ fd })`, `listen({ fd })` and `_forkChild(fd)`.
  for (const handle of [handleOf(stdin), tcpHandle()]) close(Object.getPrototypeOf(handle), 'open');
  // Node's own write to whichever number their field `fd` holds; nobody reads them.
  for (const name of ['stdout', 'stderr']) {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    Object.defineProperty(process, name, { value: nowhere, writable: false, configurable: false });
  }
}

/** `FileReadStream`, `FileWriteStream` and the like look these up when they read or write. */
const TAKE_A_DESCRIPTOR = [
  ...['read', 'readSync', 'readv', 'readvSync', 'write', 'writeSync', 'writev', 'writevSync', 'close', 'closeSync'],
  ...['fstat', 'fstatSync', 'fsync', 'fsyncSync', 'fdatasync', 'fdatasyncSync', 'ftruncate', 'ftruncateSync'],
  ...['fchmod', 'fchmodSync', 'fchown', 'fchownSync', 'futimes', 'futimesSync'],
  ...['readFile', 'readFileSync', 'writeFile', 'writeFileSync', 'appendFile', 'appendFileSync', 'Utf8Stream'],
];

/** Made before it is asked whether anything may be connected to; it never is. */
function tcpHandle(): object {
  const socket = new net.Socket().on('error', () => {});
  socket.connect({ host: '127.0.0.1', port: 1 });
  const handle = handleOf(socket);
  socket.destroy();
  return handle;
}

function handleOf(socket: object): object {
  const handle: unknown = Reflect.get(socket, '_handle');
  // Without it the wall would have a hole; then no connector is loaded.
  if (typeof handle !== 'object' || handle === null) throw new Error('This Node keeps its handles elsewhere');
  return handle;
}
