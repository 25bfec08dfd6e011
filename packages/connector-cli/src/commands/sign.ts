import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  locateArtifact,
  packArtifact,
  readArtifact,
  signArtifact,
  signatureFileName,
  subjectDigest,
} from '@org/connector-artifact';
import { replaceFile } from '../files.ts';
import { type KeyOptions, openSigners } from '../keys/open-signers.ts';
import type { Report, Terminal } from '../terminal.ts';

/**
 * `connector sign <artifact>`: adds the signature of each given key to a folder, `.tgz` or npm package; those of other keys
 * stay. Nothing is written unless every signature was made and verifies.
 */
export async function sign(artifact: string, options: KeyOptions, terminal: Terminal): Promise<Report> {
  const path = await locateArtifact(resolve(terminal.cwd, artifact));
  const files = await readArtifact(path);
  const signers = await openSigners(options, terminal);
  const signed = await signArtifact(files, signers, { signedAt: terminal.now() });
  const signatures = signers.map(({ keyId }) => signatureFileName(keyId));
  if ((await stat(path)).isDirectory()) {
    for (const name of signatures) await replaceFile(join(path, name), signed.get(name) ?? new Uint8Array());
  } else {
    await replaceFile(path, packArtifact(signed));
  }
  const digest = subjectDigest(signed);
  const keyIds = signers.map(({ keyId }) => keyId);
  return {
    ok: true,
    lines: [`Signed ${artifact}`, `  digest  ${digest}`, ...keyIds.map((keyId) => `  key     ${keyId}`)],
    json: { artifact, digest, keyId: keyIds[0], signature: signatures[0], keyIds, signatures },
  };
}
