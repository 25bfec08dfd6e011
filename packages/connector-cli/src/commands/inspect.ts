import { resolve } from 'node:path';
import {
  type ArtifactFiles,
  keyIdOfSignatureFile,
  listSubjects,
  parseArtifactManifest,
  parseBundle,
  parseStatement,
  readArtifact,
  subjectDigest,
} from '@org/connector-artifact';
import type { Report, Terminal } from '../terminal.ts';

/** `connector inspect <artifact>`: what is in it and what it claims. Nothing it prints has been verified. */
export async function inspect(artifact: string, terminal: Terminal): Promise<Report> {
  const files = await readArtifact(resolve(terminal.cwd, artifact));
  const manifest = parseArtifactManifest(files);
  const digest = subjectDigest(files);
  const contents = listSubjects(files).map(({ name, digest: { sha256 } }) => ({
    name,
    bytes: files.get(name)?.byteLength ?? 0,
    sha256,
  }));
  const signatures = listSignatures(files);
  const actions = Object.entries(manifest.actions).map(([key, { effect, risk }]) => ({ key, effect, risk }));
  const triggers = Object.keys(manifest.triggers);
  const { allowedHosts } = manifest.connection;
  return {
    ok: true,
    lines: [
      `${manifest.id} ${manifest.version} by ${manifest.publisher} (claimed; use \`connector verify\`)`,
      `  digest   ${digest}`,
      ...contents.map(({ name, bytes, sha256 }) => `  file     ${name}  ${bytes} bytes  sha256:${sha256}`),
      ...signatures.map(({ keyId, signedAt }) => `  signed   ${keyId}  at ${signedAt}`),
      ...(signatures.length === 0 ? ['  signed   by nobody'] : []),
      ...allowedHosts.map((host) => `  host     ${host}`),
      ...actions.map(({ key, effect, risk }) => `  action   ${key}  ${effect}, ${risk} risk`),
      ...triggers.map((key) => `  trigger  ${key}`),
    ],
    json: {
      artifact,
      verified: false,
      id: manifest.id,
      version: manifest.version,
      publisher: manifest.publisher,
      digest,
      files: contents,
      signatures,
      allowedHosts,
      scopes: Object.keys(manifest.scopes),
      actions,
      triggers,
    },
  };
}

function listSignatures(files: ArtifactFiles): { keyId: string; signedAt: string }[] {
  return [...files]
    .filter(([name]) => keyIdOfSignatureFile(name) !== undefined)
    .map(([name, bytes]) => {
      const { keyId, payload } = parseBundle(name, bytes);
      return { keyId, signedAt: parseStatement(payload, keyId).predicate.signedAt };
    });
}
