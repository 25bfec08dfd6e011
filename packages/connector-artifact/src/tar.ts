import { ArtifactError } from './errors.ts';

const BLOCK = 512;
const NAME_BYTES = 100;

/** A ustar archive (POSIX.1-1988) of regular files: mode 0644, owner 0, time 0, in the given order. */
export function writeTar(files: Iterable<[name: string, bytes: Uint8Array]>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, bytes] of files) {
    parts.push(header(name, bytes.length), bytes, Buffer.alloc(padding(bytes.length)));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

/**
 * Reads a ustar archive and gives each file to `add`. It knows regular files and nothing else: links, devices,
 * directories, and the pax and GNU extensions through which two readers come to see different files are refused, and so
 * is every byte that this reader would otherwise skip (padding, end blocks, unused header fields).
 * @throws ArtifactError `ARTIFACT_UNREADABLE` or `ARTIFACT_FILE_TYPE`, and whatever `add` throws.
 */
export function readTar(tar: Uint8Array, add: (name: string, bytes: Uint8Array) => void): void {
  let offset = 0;
  for (;;) {
    const block = tar.subarray(offset, offset + BLOCK);
    if (block.length < BLOCK) throw unreadable('it ends too early');
    if (isZero(block)) break;
    const { name, size } = parseHeader(block);
    const start = offset + BLOCK;
    const end = start + size;
    offset = end + padding(size);
    if (offset > tar.length) throw unreadable(`${JSON.stringify(name)} is cut off`);
    if (!isZero(tar.subarray(end, offset))) throw unreadable('there is data between its files');
    add(name, tar.slice(start, end));
  }
  const rest = tar.subarray(offset);
  if (rest.length < 2 * BLOCK || rest.length % BLOCK !== 0 || !isZero(rest)) {
    throw unreadable('data follows the end of the archive, or its end is missing');
  }
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, NAME_BYTES, 'latin1');
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write('0000000\0', 329);
  block.write('0000000\0', 337);
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function parseHeader(block: Uint8Array): { name: string; size: number } {
  const text = (start: number, length: number) =>
    Buffer.from(block.buffer, block.byteOffset + start, length).toString('latin1');
  if (octal(text(148, 8)) !== checksum(block)) throw unreadable('a header checksum is wrong');
  const magic = text(257, 8);
  if (magic !== 'ustar\x0000' && magic !== 'ustar  \0') throw unreadable('it is not a ustar archive');
  const name = withoutPadding(text(0, NAME_BYTES));
  const type = text(156, 1);
  if (type !== '0' || !isZero(block.subarray(157, 257))) {
    throw new ArtifactError(
      'ARTIFACT_FILE_TYPE',
      `${JSON.stringify(name)} is not a regular file (tar type ${JSON.stringify(type)}); pack with \`connector pack\``,
      { details: { file: name } },
    );
  }
  if (!isZero(block.subarray(345))) throw unreadable('a header uses the prefix field');
  return { name, size: octal(text(124, 12)) };
}

/** Only the padding is dropped: a NUL inside a name must stay visible, so that it is refused. */
function withoutPadding(field: string): string {
  return field.replace(/\0+$/, '');
}

function octal(field: string): number {
  const digits = /^ *([0-7]{1,11})[ \0]*$/.exec(field)?.[1];
  if (digits === undefined) throw unreadable('a header holds a number that is not octal');
  return Number.parseInt(digits, 8);
}

/** Sum of the header's bytes with the checksum field counted as spaces. */
function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i += 1) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  return sum;
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function unreadable(why: string): ArtifactError {
  return new ArtifactError('ARTIFACT_UNREADABLE', `The tar archive cannot be read: ${why}; fetch or pack it again`);
}
