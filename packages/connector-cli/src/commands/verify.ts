import { resolve } from 'node:path';
import { parseTrustPolicy, readArtifact, verifyArtifact } from '@org/connector-artifact';
import { readBytes } from '../files.ts';
import type { Report, Terminal } from '../terminal.ts';

/** `connector verify <artifact> --trust <trust.json>`: whether a runtime with this policy would run it. */
export async function verify(
  artifact: string,
  options: { readonly trust: string },
  terminal: Terminal,
): Promise<Report> {
  const trust = parseTrustPolicy(await readBytes(resolve(terminal.cwd, options.trust), 'The trust policy', 4_000_000));
  const files = await readArtifact(resolve(terminal.cwd, artifact));
  const verified = verifyArtifact(files, trust, { now: terminal.now() });
  const { id, version, publisher, digest, keyIds, signedAt } = verified;
  return {
    ok: true,
    lines: [
      `${id} ${version} by ${publisher} is valid`,
      `  digest  ${digest}`,
      ...keyIds.map((keyId) => `  key     ${keyId}`),
      `  signed  ${signedAt} (by the signer's clock)`,
    ],
    json: { artifact, id, version, publisher, digest, keyIds, signedAt },
  };
}
