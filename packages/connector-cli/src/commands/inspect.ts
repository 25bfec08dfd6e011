import {
  type ArtifactFiles,
  keyIdOfSignatureFile,
  listSubjects,
  parseBundle,
  parseStatement,
  subjectDigest,
} from '@org/connector-artifact';
import { isConnectorError, type Manifest } from '@org/connector-sdk';
import { visible } from '../formats/visible.ts';
import { readSource } from '../source/read-source.ts';
import type { Report, Terminal } from '../terminal.ts';

const WARNING = 'NOTHING HERE WAS VERIFIED: this is what it says about itself; `connector verify` tells what is true.';

/** `connector inspect <source>`: what an artifact or a manifest holds and claims. It verifies nothing, and says so. */
export async function inspect(name: string, terminal: Terminal): Promise<Report> {
  const { manifest, bytes, files } = await readSource(name, terminal);
  const contents = files ? describeFiles(files) : undefined;
  const claims = describeClaims(manifest);
  return {
    ok: true,
    lines: [
      WARNING,
      `${manifest.id} ${manifest.version}, claimed by ${manifest.publisher}`,
      `  title    ${manifest.title}`,
      `  runtime  ${manifest.engines.runtime}`,
      ...(contents ? contentLines(contents) : [`  size     ${bytes.byteLength} bytes, a manifest alone`]),
      ...claimLines(claims),
    ].map(visible),
    json: {
      source: name,
      kind: files ? 'artifact' : 'manifest',
      verified: false,
      id: manifest.id,
      version: manifest.version,
      publisher: manifest.publisher,
      title: manifest.title,
      engines: manifest.engines,
      ...(contents ?? { bytes: bytes.byteLength }),
      ...claims,
    },
  };
}

interface Contents {
  readonly digest: string;
  readonly bytes: number;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly signatures: readonly Signature[];
}

/** What a signature file says of itself; `problem` when it can't be read. */
interface Signature {
  readonly file: string;
  readonly keyId?: string;
  readonly signedAt?: string;
  readonly subject?: { readonly id: string; readonly version: string; readonly publisher: string };
  /** It names exactly the files that are here, with their digests. */
  readonly coversFiles?: boolean;
  readonly problem?: string;
}

function describeFiles(files: ArtifactFiles): Contents {
  const sizeOf = (name: string) => files.get(name)?.byteLength ?? 0;
  const subjects = listSubjects(files);
  return {
    digest: subjectDigest(files),
    bytes: [...files.keys()].reduce((total, name) => total + sizeOf(name), 0),
    files: subjects.map(({ name, digest: { sha256 } }) => ({ name, bytes: sizeOf(name), sha256 })),
    signatures: [...files]
      .filter(([name]) => keyIdOfSignatureFile(name) !== undefined)
      .map(([name, bytes]) => describeSignature(name, bytes, JSON.stringify(subjects))),
  };
}

function describeSignature(file: string, bytes: Uint8Array, subjects: string): Signature {
  try {
    const { keyId, payload } = parseBundle(file, bytes);
    const { predicate, subject } = parseStatement(payload, keyId);
    const { id, version, publisher, signedAt } = predicate;
    const coversFiles = JSON.stringify([...subject].sort((a, b) => (a.name < b.name ? -1 : 1))) === subjects;
    return { file, keyId, signedAt, subject: { id, version, publisher }, coversFiles };
  } catch (error) {
    // One bad signature must not hide what else is in the artifact.
    if (!isConnectorError(error)) throw error;
    return { file, problem: error.message };
  }
}

function describeClaims({ actions, triggers, approvalChannels, scopes, connection }: Manifest) {
  return {
    baseUrl: connection.baseUrl,
    allowedHosts: connection.allowedHosts,
    auth: Object.entries(connection.auth).map(([key, { kind }]) => ({ key, kind })),
    scopes: Object.keys(scopes),
    actions: Object.entries(actions).map(([key, action]) => ({
      key,
      effect: action.effect,
      risk: action.risk,
      scopes: action.scopes,
      idempotency: action.idempotency.mode,
      reversible: action.reversible?.by ?? null,
    })),
    triggers: Object.entries(triggers).map(([key, { webhook, polling }]) => ({
      key,
      verification: webhook?.verification.scheme ?? null,
      polling: polling !== undefined,
    })),
    approvalChannels: Object.keys(approvalChannels),
  };
}

function contentLines({ digest, bytes, files, signatures }: Contents): string[] {
  return [
    `  digest   ${digest}`,
    `  size     ${bytes} bytes`,
    ...files.map((file) => `  file     ${file.name}  ${file.bytes} bytes  sha256:${file.sha256}`),
    ...signatures.flatMap(signatureLines),
    ...(signatures.length === 0 ? ['  signed   by nobody'] : []),
  ];
}

function signatureLines({ file, keyId, signedAt, subject, coversFiles, problem }: Signature): string[] {
  if (problem !== undefined || !subject) return [`  signed   unreadably, in ${file}: ${problem}`];
  const over = `${subject.id} ${subject.version} by ${subject.publisher}`;
  return [
    `  signed   by key ${keyId}  at ${signedAt}, it says`,
    `           for ${over}, ${coversFiles ? 'these files' : 'OTHER FILES THAN THESE'}`,
  ];
}

function claimLines(claims: ReturnType<typeof describeClaims>): string[] {
  return [
    ...claims.allowedHosts.map((host) => `  host     ${host}`),
    ...claims.auth.map(({ key, kind }) => `  auth     ${key}  ${kind}`),
    ...claims.scopes.map((scope) => `  scope    ${scope}`),
    ...claims.actions.map(({ key, effect, risk }) => `  action   ${key}  ${effect}, ${risk} risk`),
    ...claims.triggers.map(({ key, verification }) => `  trigger  ${key}  ${verification ?? 'polling only'}`),
    ...claims.approvalChannels.map((key) => `  channel  ${key}`),
  ];
}
