import {
  type ArtifactFiles,
  createKeySigner,
  generateKeyPair,
  signArtifact,
  signatureFileName,
} from '@org/connector-artifact';
import type { Judge } from './judge.ts';
import type { TestRelease } from './test-release.ts';

const EXTRA = ['icon.svg', 'sbom.cdx.json', 'package.json', 'connector.js', 'Connector.mjs', './connector.mjs', '../x'];

/** Files missing, added, renamed, exchanged, emptied, cut and lengthened; signatures taken away, moved and added. */
export async function tryFileSets(release: TestRelease, judge: Judge): Promise<void> {
  const { files, other, signatureFile } = release;
  const refuse = (what: string, changed: ArtifactFiles, ...named: string[]) =>
    judge.expectRefused(what, changed, named);
  for (const [name, bytes] of files) {
    refuse(`${name} missing`, without(files, name), name);
    refuse(`${name} empty`, changed(files, name, new Uint8Array()), name);
    refuse(`${name} cut by a byte`, changed(files, name, bytes.slice(0, -1)), name);
    refuse(`${name} with a byte more`, changed(files, name, Buffer.concat([bytes, Buffer.from(' ')])), name);
    if (name !== signatureFile) refuse(`${name} of another file`, changed(files, name, bytes.toReversed()), name);
    for (const to of EXTRA) refuse(`${name} renamed to ${to}`, renamed(files, name, to), name, to);
    for (const [with_] of files) {
      if (with_ <= name) continue;
      refuse(`${name} and ${with_} exchanged`, exchanged(files, name, with_), name, with_);
    }
  }
  for (const name of EXTRA) {
    if (!files.has(name)) refuse(`${name} added`, changed(files, name, Buffer.from('x')), name);
  }
  const bundle = other.get(signatureFile) ?? new Uint8Array();
  refuse('the signature of another release', changed(files, signatureFile, bundle), 'connector.mjs');
  refuse('the code of another release', changed(files, 'connector.mjs', other.get('connector.mjs')), 'connector.mjs');
  const stranger = createKeySigner(generateKeyPair().privateKeyPem);
  const theirs = await signArtifact(without(files, signatureFile), stranger, { signedAt: release.now });
  const theirFile = signatureFileName(stranger.keyId);
  refuse("a stranger's signature in place of ours", theirs, theirFile);
  const asOurs = changed(without(theirs, theirFile), signatureFile, theirs.get(theirFile));
  refuse("a stranger's signature under our name", asOurs, signatureFile);
}

function without(files: ArtifactFiles, name: string): ArtifactFiles {
  return new Map([...files].filter(([one]) => one !== name));
}

function changed(files: ArtifactFiles, name: string, bytes: Uint8Array = new Uint8Array()): ArtifactFiles {
  return new Map([...files, [name, bytes]]);
}

function renamed(files: ArtifactFiles, from: string, to: string): ArtifactFiles {
  return new Map([...files].map(([name, bytes]) => [name === from ? to : name, bytes]));
}

function exchanged(files: ArtifactFiles, a: string, b: string): ArtifactFiles {
  const other = new Map([
    [a, b],
    [b, a],
  ]);
  return new Map([...files].map(([name, bytes]) => [name, files.get(other.get(name) ?? name) ?? bytes]));
}
