import {
  type ArtifactFiles,
  createKeySigner,
  generateKeyPair,
  packArtifact,
  parseTrustPolicy,
  readArtifact,
  signArtifact,
  signatureFileName,
  subjectDigest,
  type TrustPolicy,
} from '@org/connector-artifact';

const CODE = 'connector.mjs';

/** A real artifact, signed with a key of this process, and a policy that takes it. */
export interface TestRelease {
  readonly files: ArtifactFiles;
  readonly digest: string;
  readonly signatureFile: string;
  readonly trust: TrustPolicy;
  /** The same, as a file holds it. */
  readonly trustFile: Uint8Array;
  readonly tgz: Uint8Array;
  readonly now: Date;
  /** Another release of the same publisher, as good as this one. */
  readonly other: ArtifactFiles;
}

/** @param codeBytes of its code; nothing runs it, and each verification has to hash it. All when left out. */
export async function signForTest(folder: string, codeBytes?: number): Promise<TestRelease> {
  const unsigned = withCode(await readArtifact(folder), codeBytes);
  const pair = generateKeyPair();
  const now = new Date();
  const signer = createKeySigner(pair.privateKeyPem);
  const files = await signArtifact(unsigned, signer, { signedAt: now });
  const other = await signArtifact(anotherRelease(unsigned), signer, { signedAt: now });
  const { id, publisher } = JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString()) as {
    id: string;
    publisher: string;
  };
  const key = { keyId: pair.keyId, publicKey: pair.publicKeyPem, validFrom: '2020-01-01T00:00:00Z' };
  const trust = { trustVersion: 1, publishers: { [publisher]: { keys: [key], allow: [id] } } };
  const trustFile = Buffer.from(JSON.stringify(trust));
  return {
    files,
    other,
    digest: subjectDigest(files),
    signatureFile: signatureFileName(pair.keyId),
    trust: parseTrustPolicy(trustFile),
    trustFile,
    tgz: packArtifact(files),
    now,
  };
}

function withCode(files: ArtifactFiles, bytes: number | undefined): ArtifactFiles {
  return new Map([...files, [CODE, (files.get(CODE) ?? new Uint8Array()).slice(0, bytes)]]);
}

function anotherRelease(files: ArtifactFiles): ArtifactFiles {
  const code = Buffer.concat([files.get(CODE) ?? new Uint8Array(), Buffer.from('\n// another release\n')]);
  return new Map([...files, [CODE, code]]);
}
