import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  createKeySigner,
  packArtifact,
  readArtifact,
  signArtifact,
  signatureFileName,
  subjectDigest,
} from '@org/connector-artifact';
import { readText, replaceFile } from '../files.ts';
import { readPassphrase } from '../passphrase.ts';
import type { Report, Terminal } from '../terminal.ts';

export interface SignOptions {
  readonly key: string;
  readonly passphraseEnv?: string;
}

/** `connector sign <artifact>`: adds this key's signature to a folder or `.tgz`; those of other keys stay. */
export async function sign(artifact: string, { key, passphraseEnv }: SignOptions, terminal: Terminal): Promise<Report> {
  const path = resolve(terminal.cwd, artifact);
  const signer = createKeySigner(
    await readText(resolve(terminal.cwd, key), 'The private key'),
    readPassphrase(passphraseEnv, terminal),
  );
  const signed = await signArtifact(await readArtifact(path), signer, { signedAt: terminal.now() });
  const name = signatureFileName(signer.keyId);
  if ((await stat(path)).isDirectory()) await replaceFile(join(path, name), signed.get(name) ?? new Uint8Array());
  else await replaceFile(path, packArtifact(signed));
  const digest = subjectDigest(signed);
  return {
    ok: true,
    lines: [`Signed ${artifact}`, `  digest  ${digest}`, `  key     ${signer.keyId}`],
    json: { artifact, digest, keyId: signer.keyId, signature: name },
  };
}
