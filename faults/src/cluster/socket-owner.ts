import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Which of these processes holds the end of a connection within this machine, as Linux's `/proc` tells: by the ports of its own
 * end and of the other one.
 */
export async function ownerOf(pids: readonly number[], own: number, other: number): Promise<number | undefined> {
  const inode = await inodeOf(own, other);
  if (inode === undefined) return undefined;
  for (const pid of pids) if ((await socketsOf(pid)).has(`socket:[${inode}]`)) return pid;
  return undefined;
}

async function inodeOf(own: number, other: number): Promise<string | undefined> {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const row = tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .find(([, local = '', remote = '']) => local.endsWith(hex(own)) && remote.endsWith(hex(other)));
  return row?.[9];
}

async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return new Set(await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))));
}
