import { gunzipSync, gzipSync } from 'node:zlib';
import type { Judge } from './judge.ts';
import type { TestRelease } from './test-release.ts';

const BLOCK = 512;
const NAMES = [
  '../x',
  '/x',
  './connector.mjs',
  'Connector.mjs',
  'connector.mjs',
  'LICENSE\0x',
  'a\\b',
  'C:x',
  'é',
  'icon.svg',
];
const SIZES = [
  '77777777777',
  '00000000000',
  '-0000000001',
  '\x80\0\0\0\0\0\0\0\0\0\xff',
  '1',
  '        12 ',
  'zzz',
  '',
];
const TYPES = '\x0a3456789gxLKSVNA';

/** Archives that differ from the real one in one way or several, sealed again so that the change is not found too early. */
export function tryTars(release: TestRelease, judge: Judge, random: () => number, count: number): void {
  const tar = gunzipSync(release.tgz);
  const pick = (below: number) => Math.floor(random() * below);
  for (let i = 0; i < count; i += 1) {
    const { what, tgz } = mutate(Buffer.from(tar), release.tgz, pick);
    judge.expectHarmless(what, tgz);
  }
  // A few: each makes the reader stop at a bound, which is what the measured memory is about.
  for (const size of [1, 20, 40]) {
    judge.expectHarmless(`a bomb of ${size} MiB`, gzipSync(Buffer.alloc(size * 2 ** 20)));
    judge.expectHarmless(
      `a bomb of ${size} MiB behind the files`,
      gzipSync(Buffer.concat([tar, Buffer.alloc(size * 2 ** 20)])),
    );
  }
  process.stderr.write(`${count} archives\n`);
}

type Pick = (below: number) => number;
type Mutation = (tar: Buffer, pick: Pick) => Buffer;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'bits of a header, checksum left': (tar, pick) => flip(tar, headerAt(tar, pick) + pick(BLOCK), pick),
  'bits of a header, checksum mended': (tar, pick) => inHeader(tar, pick, (header) => flip(header, pick(BLOCK), pick)),
  'another type of file': (tar, pick) =>
    inHeader(tar, pick, (header) => put(header, 156, TYPES[pick(TYPES.length)] ?? '1')),
  'another name': (tar, pick) =>
    inHeader(tar, pick, (header) => put(header.fill(0, 0, 100), 0, NAMES[pick(NAMES.length)] ?? '')),
  'another size': (tar, pick) => inHeader(tar, pick, (header) => put(header, 124, SIZES[pick(SIZES.length)] ?? '')),
  'a prefix': (tar, pick) => inHeader(tar, pick, (header) => put(header, 345, 'elsewhere')),
  'a link': (tar, pick) =>
    inHeader(tar, pick, (header) => put(put(header, 156, pick(2) ? '1' : '2'), 157, '/etc/passwd')),
  'a bit of anything': (tar, pick) => flip(tar, pick(tar.length), pick),
  'an end that is cut': (tar, pick) => tar.subarray(0, pick(tar.length)),
  'bytes cut out': (tar, pick) => cut(tar, pick(tar.length), 1 + pick(2 * BLOCK)),
  'a block cut out': (tar, pick) => cut(tar, BLOCK * pick(tar.length / BLOCK), BLOCK),
  'a block twice': (tar, pick) => insert(tar, BLOCK * pick(tar.length / BLOCK), block(tar, pick)),
  'a block moved': (tar, pick) =>
    insert(cut(tar, BLOCK * pick(tar.length / BLOCK), BLOCK), BLOCK * pick(tar.length / BLOCK - 1), block(tar, pick)),
  'bytes put in': (tar, pick) => insert(tar, pick(tar.length), Buffer.alloc(1 + pick(BLOCK), pick(256))),
  'something behind the end': (tar, pick) => Buffer.concat([tar, Buffer.alloc(1 + pick(3 * BLOCK), pick(256))]),
  'a second archive behind the end': (tar) => Buffer.concat([tar, tar]),
  'an extension header': (tar, pick) => insert(tar, headerAt(tar, pick), paxHeader(pick(2) ? 'x' : 'g')),
};
const MUTATION_LIST = Object.entries(MUTATIONS);

function mutate(tar: Buffer, tgz: Uint8Array, pick: Pick): { what: string; tgz: Uint8Array } {
  if (pick(10) === 0) return mutateGzip(Buffer.from(tgz), pick);
  const [what, mutation] = MUTATION_LIST[pick(MUTATION_LIST.length)] ?? ['nothing', (same: Buffer) => same];
  return { what: `${what} in the tar`, tgz: gzipSync(mutation(tar, pick), { level: 0 }) };
}

function mutateGzip(tgz: Buffer, pick: Pick): { what: string; tgz: Uint8Array } {
  switch (pick(4)) {
    case 0:
      return { what: 'a bit of the gzip', tgz: flip(tgz, pick(tgz.length), pick) };
    case 1:
      return { what: 'a cut gzip', tgz: tgz.subarray(0, pick(tgz.length)) };
    case 2:
      return { what: 'two gzip members', tgz: Buffer.concat([tgz, tgz]) };
    default:
      return { what: 'bytes behind the gzip', tgz: Buffer.concat([tgz, Buffer.alloc(1 + pick(BLOCK), pick(256))]) };
  }
}

function headers(tar: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    found.push(at);
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
  return found;
}

function headerAt(tar: Buffer, pick: Pick): number {
  const all = headers(tar);
  return all[pick(all.length)] ?? 0;
}

/** Changes a header and mends its checksum. */
function inHeader(tar: Buffer, pick: Pick, change: (header: Buffer) => void): Buffer {
  const at = headerAt(tar, pick);
  const header = tar.subarray(at, at + BLOCK);
  change(header);
  seal(header);
  return tar;
}

function seal(header: Buffer): void {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(header, 148, `${sum.toString(8).padStart(6, '0')}\0 `);
}

function paxHeader(type: 'x' | 'g'): Buffer {
  const record = Buffer.alloc(BLOCK);
  put(record, 0, '22 path=connector.mjs\n');
  const header = Buffer.alloc(BLOCK);
  put(put(put(put(header, 0, 'PaxHeader'), 124, '00000000026\0'), 156, type), 257, 'ustar\x0000');
  seal(header);
  return Buffer.concat([header, record]);
}

function put(buffer: Buffer, at: number, text: string): Buffer {
  buffer.write(text, at, 'latin1');
  return buffer;
}

function flip(buffer: Buffer, at: number, pick: Pick): Buffer {
  buffer[at] = (buffer[at] ?? 0) ^ (1 << pick(8));
  return buffer;
}

function cut(buffer: Buffer, at: number, length: number): Buffer {
  return Buffer.concat([buffer.subarray(0, at), buffer.subarray(at + length)]);
}

function insert(buffer: Buffer, at: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([buffer.subarray(0, at), bytes, buffer.subarray(at)]);
}

function block(tar: Buffer, pick: Pick): Buffer {
  const at = BLOCK * pick(tar.length / BLOCK);
  return Buffer.from(tar.subarray(at, at + BLOCK));
}
