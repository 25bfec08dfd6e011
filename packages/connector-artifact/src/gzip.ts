import { crc32, inflateRawSync } from 'node:zlib';
import { ArtifactError } from './errors.ts';

const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const STORED_BLOCK_BYTES = 0xffff;

/**
 * One gzip member (RFC 1952) of stored blocks (RFC 1951, 3.2.4), so that the bytes depend on nothing but the input:
 * what a deflate library emits differs between zlib builds and processors.
 */
export function gzipStored(data: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)];
  for (let offset = 0; offset === 0 || offset < data.length; offset += STORED_BLOCK_BYTES) {
    const block = data.subarray(offset, offset + STORED_BLOCK_BYTES);
    const head = Buffer.alloc(5);
    head.writeUInt8(offset + STORED_BLOCK_BYTES >= data.length ? 1 : 0, 0);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(~block.length & 0xffff, 3);
    blocks.push(head, block);
  }
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(crc32(data), 0);
  trailer.writeUInt32LE(data.length % 2 ** 32, 4);
  return Buffer.concat([...blocks, trailer]);
}

/**
 * The content of exactly one gzip member. `zlib.gunzip` joins members and ignores what follows the last one; this
 * reads the header and trailer itself and refuses anything left over.
 * @param maxBytes bound of the output, in bytes.
 * @throws ArtifactError `ARTIFACT_UNREADABLE` or `ARTIFACT_TOO_LARGE`.
 */
export function gunzipOneMember(data: Uint8Array, maxBytes: number): Uint8Array {
  if (data[0] !== 0x1f || data[1] !== 0x8b || data[2] !== 8) throw unreadable('it is not gzip data');
  if (data[3] !== 0) throw unreadable('its gzip header has optional fields');
  const body = data.subarray(HEADER_BYTES);
  const { content, consumed } = inflate(body, maxBytes);
  const trailer = body.subarray(consumed);
  if (trailer.length !== TRAILER_BYTES) throw unreadable('data follows the gzip member, or its end is missing');
  const view = new DataView(trailer.buffer, trailer.byteOffset, TRAILER_BYTES);
  if (view.getUint32(0, true) !== crc32(content) || view.getUint32(4, true) !== content.length) {
    throw unreadable('its gzip checksum is wrong');
  }
  return content;
}

function inflate(body: Uint8Array, maxBytes: number): { content: Uint8Array; consumed: number } {
  try {
    // `info: true` also tells how many input bytes the deflate stream took; the type declarations leave that out.
    const result: unknown = inflateRawSync(body, { maxOutputLength: maxBytes, info: true });
    const { buffer, engine } = result as { buffer: Uint8Array; engine: { bytesWritten: number } };
    return { content: buffer, consumed: engine.bytesWritten };
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new ArtifactError('ARTIFACT_TOO_LARGE', `The artifact unpacks to over ${maxBytes} bytes; make it smaller`, {
        cause,
      });
    }
    throw unreadable('its compressed data is damaged', cause);
  }
}

function unreadable(why: string, cause?: unknown): ArtifactError {
  return new ArtifactError('ARTIFACT_UNREADABLE', `The .tgz cannot be read: ${why}; fetch or pack it again`, { cause });
}
