import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { extract, type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactError } from './errors.ts';
import { gunzipOneMember, gzipStored } from './gzip.ts';
import { packArtifact } from './pack-artifact.ts';
import { readArtifact, readArtifactBytes } from './read-artifact.ts';
import { subjectDigest } from './statement.ts';
import { readTar, writeTar } from './tar.ts';
import { newSigner, sampleFiles, sign } from './test-artifact.ts';

/** What tar-stream takes as the header of an entry. */
type Headers = Partial<Header> & Pick<Header, 'name'>;

const signed = await sign(sampleFiles(), newSigner());
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artifact-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function writeFolder(): Promise<void> {
  for (const [name, bytes] of signed) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
}

/** A .tgz as another tar implementation writes it, with whatever entries it is told to. */
async function foreignTgz(entries: (Headers & { body?: string | Uint8Array })[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { body, ...header } of entries) archive.entry(header, Buffer.from(body ?? ''));
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(Uint8Array.from(chunk as Uint8Array));
  return gzipSync(Buffer.concat(chunks));
}

function entries(files = signed): (Headers & { body: Uint8Array })[] {
  return [...files].map(([name, body]) => ({ name, body }));
}

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ArtifactError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('packArtifact', () => {
  it('gives the same bytes for the same files, whatever their order', () => {
    const packed = packArtifact(signed);
    expect(packArtifact(new Map([...signed].reverse()))).toEqual(packed);
    expect(readArtifactBytes(packed)).toEqual(new Map([...signed].sort(([a], [b]) => (a < b ? -1 : 1))));
  });

  it('writes no clock, owner or compressor into it: these bytes are fixed', () => {
    const packed = Buffer.from(packArtifact(new Map([...sampleFiles()].map(([name]) => [name, Buffer.from('x')]))));
    expect(packed.subarray(0, 15).toString('hex')).toBe('1f8b08000000000000ff010010ffef');
    expect(packed.length).toBe(10 + 5 + 4096 + 8);
  });

  it('gives these bytes on every machine', () => {
    const files = new Map(
      ['manifest.json', 'connector.mjs', 'LICENSE', `signatures/${'0'.repeat(64)}.sigstore.json`].map((name) => [
        name,
        Buffer.from(`${name}\n`.repeat(20_000)),
      ]),
    );
    const sha256 = createHash('sha256').update(packArtifact(files)).digest('hex');
    expect(sha256).toBe('1ccef8fa56561ff2b711223c71062c97767efd6a8dbf0ab1683ef15e531b4c6f');
  });

  it('is read alike by another tar implementation', async () => {
    const tar = extract();
    tar.end(gunzipOneMember(packArtifact(signed), 1e6));
    const seen = new Map<string, string | undefined>();
    for await (const entry of tar) {
      seen.set(
        entry.header.name,
        `${entry.header.type} ${entry.header.mode?.toString(8)} ${entry.header.mtime?.getTime()}`,
      );
      entry.resume();
    }
    expect(seen).toEqual(new Map([...signed.keys()].sort().map((name) => [name, 'file 644 0'])));
  });
});

describe('readArtifactBytes', () => {
  it('reads what another tar implementation packed, as long as it is plain', async () => {
    expect(subjectDigest(readArtifactBytes(await foreignTgz(entries())))).toBe(subjectDigest(signed));
  });

  it.each<[string, Headers, string]>([
    ['a symbolic link', { name: 'README.md', type: 'symlink', linkname: '/etc/passwd' }, 'ARTIFACT_FILE_TYPE'],
    ['a hard link', { name: 'README.md', type: 'link', linkname: 'manifest.json' }, 'ARTIFACT_FILE_TYPE'],
    ['a device', { name: 'README.md', type: 'character-device' }, 'ARTIFACT_FILE_TYPE'],
    ['a named pipe', { name: 'README.md', type: 'fifo' }, 'ARTIFACT_FILE_TYPE'],
    ['a directory', { name: 'signatures', type: 'directory' }, 'ARTIFACT_FILE_TYPE'],
    ['a pax header that renames a file', { name: 'LICENSE', pax: { path: 'connector.mjs' } }, 'ARTIFACT_FILE_TYPE'],
    ['a path that leaves the folder', { name: '../LICENSE' }, 'ARTIFACT_PATH_UNSAFE'],
    ['a path that leaves the folder half-way', { name: 'signatures/../LICENSE' }, 'ARTIFACT_PATH_UNSAFE'],
    ['an absolute path', { name: '/LICENSE' }, 'ARTIFACT_PATH_UNSAFE'],
    ['a backslash', { name: 'signatures\\LICENSE' }, 'ARTIFACT_PATH_UNSAFE'],
    ['a drive letter', { name: 'C:LICENSE' }, 'ARTIFACT_PATH_UNSAFE'],
    ['another case of a name', { name: 'Connector.mjs' }, 'ARTIFACT_FILE_EXTRA'],
    ['another spelling of a name', { name: './LICENSE' }, 'ARTIFACT_FILE_EXTRA'],
    ['a file twice', { name: 'connector.mjs' }, 'ARTIFACT_FILE_DUPLICATE'],
    ['an unknown file', { name: 'package.json' }, 'ARTIFACT_FILE_EXTRA'],
  ])('refuses %s', async (_, header, code) => {
    const tgz = await foreignTgz([...entries(), header]);
    expect(codeOf(() => readArtifactBytes(tgz))).toBe(code);
  });

  it('refuses a name with a NUL inside', () => {
    const tar = writeTar([...signed, ['LICENSE\0.txt', Buffer.from('x')]]);
    expect(codeOf(() => readArtifactBytes(gzipStored(tar)))).toBe('ARTIFACT_PATH_UNSAFE');
  });

  it('refuses an artifact without its manifest or code', () => {
    const tgz = gzipStored(writeTar([['manifest.json', Buffer.from('{}')]]));
    expect(codeOf(() => readArtifactBytes(tgz))).toBe('ARTIFACT_FILE_MISSING');
  });

  it('refuses data after the gzip member, a second member, and a member cut short', () => {
    const packed = packArtifact(signed);
    expect(codeOf(() => readArtifactBytes(Buffer.concat([packed, Buffer.from('x')])))).toBe('ARTIFACT_UNREADABLE');
    expect(codeOf(() => readArtifactBytes(Buffer.concat([packed, packed])))).toBe('ARTIFACT_UNREADABLE');
    expect(codeOf(() => readArtifactBytes(packed.subarray(0, -1)))).toBe('ARTIFACT_UNREADABLE');
    expect(codeOf(() => readArtifactBytes(packed.subarray(0, 600)))).toBe('ARTIFACT_UNREADABLE');
  });

  it('refuses a file hidden behind the end of the archive', () => {
    const hidden = Buffer.concat([writeTar(signed), writeTar([['LICENSE', Buffer.from('x')]])]);
    expect(codeOf(() => readArtifactBytes(gzipStored(hidden)))).toBe('ARTIFACT_UNREADABLE');
  });

  it('refuses data in the padding behind a file', () => {
    const tar = Buffer.from(writeTar([['LICENSE', Buffer.from('x')]]));
    tar.writeUInt8(0x41, 512 + 100);
    expect(codeOf(() => readTar(tar, () => {}))).toBe('ARTIFACT_UNREADABLE');
  });

  it('refuses wrong checksums of gzip and tar', () => {
    const packed = Buffer.from(packArtifact(signed));
    packed.writeUInt32LE((packed.readUInt32LE(packed.length - 8) ^ 1) >>> 0, packed.length - 8);
    expect(codeOf(() => readArtifactBytes(packed))).toBe('ARTIFACT_UNREADABLE');
    const tar = Buffer.from(writeTar(signed));
    tar.writeUInt8(0x35, 148);
    expect(codeOf(() => readArtifactBytes(gzipStored(tar)))).toBe('ARTIFACT_UNREADABLE');
  });

  it('refuses header fields that another reader would use: a gzip file name, a ustar path prefix', () => {
    const named = Buffer.from(packArtifact(signed));
    named.writeUInt8(0x08, 3);
    const withName = Buffer.concat([named.subarray(0, 10), Buffer.from('x.tar\0'), named.subarray(10)]);
    expect(codeOf(() => readArtifactBytes(withName))).toBe('ARTIFACT_UNREADABLE');
    const tar = Buffer.from(writeTar([['LICENSE', Buffer.from('x')]]));
    tar.write('elsewhere', 345);
    const sum = tar.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(codeOf(() => readTar(tar, () => {}))).toBe('ARTIFACT_UNREADABLE');
  });

  it('refuses a compression bomb by its ratio, before unpacking it', () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
    expect(codeOf(() => readArtifactBytes(bomb))).toBe('ARTIFACT_TOO_LARGE');
  });

  it('refuses files over a limit of size, total and count', () => {
    const limits = { maxFileBytes: 1e6, maxTotalBytes: 1e6, maxFiles: 10, maxCompressionRatio: 100 };
    const packed = packArtifact(signed);
    expect(codeOf(() => readArtifactBytes(packed, limits))).toBe('accepted');
    for (const limit of ['maxFileBytes', 'maxTotalBytes', 'maxFiles'] as const) {
      expect(codeOf(() => readArtifactBytes(packed, { ...limits, [limit]: 2 }))).toBe('ARTIFACT_TOO_LARGE');
    }
  });

  it('answers any bytes with an ArtifactError', () => {
    const packed = packArtifact(signed);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(packed.length - 1), fc.nat(255), (noise, at, byte) => {
        expect(codeOf(() => readArtifactBytes(noise))).toMatch(/^ARTIFACT_/);
        expect(codeOf(() => readArtifactBytes(gzipStored(noise)))).toMatch(/^ARTIFACT_/);
        const changed = Uint8Array.from(packed);
        changed[at] = byte;
        codeOf(() => readArtifactBytes(changed));
      }),
      { numRuns: 500 },
    );
  });
});

describe('readArtifact', () => {
  it('reads a folder and a .tgz alike', async () => {
    await writeFolder();
    const tgz = join(folder, '..', `${folder.split('/').at(-1)}.tgz`);
    await writeFile(tgz, packArtifact(signed));
    const [fromFolder, fromTgz] = [await readArtifact(folder), await readArtifact(tgz)];
    await rm(tgz);
    expect(new Map([...fromFolder].map(([name, bytes]) => [name, Buffer.from(bytes)]))).toEqual(
      new Map([...fromTgz].map(([name, bytes]) => [name, Buffer.from(bytes)])),
    );
  });

  it.each(['README.md', 'connector.mjs'])('refuses a link in place of %s', async (name) => {
    await writeFolder();
    await rename(join(folder, name), `${folder}.elsewhere`);
    await symlink(`${folder}.elsewhere`, join(folder, name));
    await expect(readArtifact(folder)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_TYPE', details: { file: name } });
    await rm(`${folder}.elsewhere`);
  });

  it('refuses a link in place of the signatures folder, and of the artifact itself', async () => {
    await writeFolder();
    await rename(join(folder, 'signatures'), `${folder}.signatures`);
    await symlink(`${folder}.signatures`, join(folder, 'signatures'));
    await expect(readArtifact(folder)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_EXTRA' });
    await symlink(folder, `${folder}.link`);
    await expect(readArtifact(`${folder}.link`)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_TYPE' });
    await rm(`${folder}.link`);
    await rm(`${folder}.signatures`, { recursive: true });
  });

  it('refuses a named pipe without waiting for a writer', async () => {
    await writeFolder();
    await rm(join(folder, 'README.md'));
    const makePipe = 'mkfifo';
    execFileSync(makePipe, [join(folder, 'README.md')]);
    await expect(readArtifact(folder)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_TYPE' });
  });

  it('refuses a folder in place of a file, and files it does not know', async () => {
    await writeFolder();
    await mkdir(join(folder, 'LICENSE'));
    await expect(readArtifact(folder)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_TYPE' });
    await rm(join(folder, 'LICENSE'), { recursive: true });
    await writeFile(join(folder, '.DS_Store'), '');
    await expect(readArtifact(folder)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_EXTRA' });
  });

  it('says when there is nothing, and when it may not be read', async () => {
    await expect(readArtifact(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    await expect(readArtifact(folder)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_MISSING' });
    await writeFolder();
    await chmod(join(folder, 'connector.mjs'), 0);
    const mayReadAnything = await readFile(join(folder, 'connector.mjs')).then(
      () => true,
      () => false,
    );
    if (!mayReadAnything) await expect(readArtifact(folder)).rejects.toMatchObject({ code: 'ARTIFACT_ACCESS_FAILED' });
  });

  it('refuses a file over the limit without reading it whole', async () => {
    await writeFolder();
    const limits = { maxFileBytes: 10, maxTotalBytes: 1e6, maxFiles: 10, maxCompressionRatio: 100 };
    await expect(readArtifact(folder, limits)).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' });
  });
});
