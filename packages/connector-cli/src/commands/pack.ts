import { resolve } from 'node:path';
import { packArtifact, readArtifact, subjectDigest } from '@org/connector-artifact';
import { replaceFile } from '../files.ts';
import type { Report, Terminal } from '../terminal.ts';

/** `connector pack <dir> --out <file.tgz>`: the same artifact as one file. Same files, same bytes. */
export async function pack(dir: string, { out }: { readonly out: string }, terminal: Terminal): Promise<Report> {
  const files = await readArtifact(resolve(terminal.cwd, dir));
  const bytes = packArtifact(files);
  await replaceFile(resolve(terminal.cwd, out), bytes);
  const digest = subjectDigest(files);
  return {
    ok: true,
    lines: [`Packed ${out} (${bytes.byteLength} bytes)`, `  digest  ${digest}`],
    json: { out, bytes: bytes.byteLength, digest },
  };
}
