import { type ArtifactFiles, copyFiles } from './artifact-files.ts';
import { gzipStored } from './gzip.ts';
import { writeTar } from './tar.ts';

/**
 * Packs an artifact as a `.tgz`: same files, same bytes, on any platform.
 * @throws ArtifactError when the files are not an artifact (see `ArtifactFiles`).
 */
export function packArtifact(files: ArtifactFiles): Uint8Array {
  const sorted = [...copyFiles(files)].sort(([a], [b]) => (a < b ? -1 : 1));
  return gzipStored(writeTar(sorted));
}
