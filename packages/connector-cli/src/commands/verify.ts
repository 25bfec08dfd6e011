import { resolve } from 'node:path';
import { parseTrustPolicy, readArtifact, verifyArtifact } from '@org/connector-artifact';
import type { Report, Terminal } from '../terminal.ts';
import { readTrustBytes } from '../trust/edit-trust-file.ts';
import { parsePurpose } from '../trust/purpose.ts';

export interface VerifyCommandOptions {
  readonly trust: string;
  readonly purpose?: string;
}

/** `connector verify <artifact> --trust <trust.json>`: whether a runtime with this policy would run it. */
export async function verify(artifact: string, options: VerifyCommandOptions, terminal: Terminal): Promise<Report> {
  const trust = parseTrustPolicy(await readTrustBytes(resolve(terminal.cwd, options.trust)));
  const files = await readArtifact(resolve(terminal.cwd, artifact));
  const purpose = parsePurpose(options.purpose);
  const { id, version, publisher, digest, keyIds, signedAt } = verifyArtifact(files, trust, {
    now: terminal.now(),
    purpose,
  });
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
