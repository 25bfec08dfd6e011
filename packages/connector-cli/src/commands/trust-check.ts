import { resolve } from 'node:path';
import { explainTrust, parseTrustPolicy, readArtifact, type SignatureVerdict } from '@org/connector-artifact';
import { CliError } from '../errors.ts';
import type { Report, Terminal } from '../terminal.ts';
import { readTrustBytes } from '../trust/edit-trust-file.ts';
import { parsePurpose } from '../trust/purpose.ts';

export interface TrustCheckOptions {
  readonly trust?: string;
  readonly purpose?: string;
}

/** `connector trust check <file> <artifact>`: whether this policy takes an artifact, and what each signature counts. */
export async function checkTrust(
  first: string,
  second: string | undefined,
  options: TrustCheckOptions,
  terminal: Terminal,
): Promise<Report> {
  const [file, artifact] = second === undefined ? [options.trust, first] : [first, second];
  if (file === undefined || (second !== undefined && options.trust !== undefined)) {
    throw new CliError('CLI_USAGE', 'give a policy and an artifact: connector trust check <file> <artifact>');
  }
  const trust = parseTrustPolicy(await readTrustBytes(resolve(terminal.cwd, file)));
  const files = await readArtifact(resolve(terminal.cwd, artifact));
  const purpose = parsePurpose(options.purpose);
  const { artifact: taken, refusal, signatures } = explainTrust(files, trust, { now: terminal.now(), purpose });
  const verdict = taken
    ? `${taken.id} ${taken.version} by ${taken.publisher} would be taken`
    : `${artifact} would be refused. ${refusal?.code}: ${refusal?.message}`;
  const facts = taken && { id: taken.id, version: taken.version, publisher: taken.publisher, digest: taken.digest };
  return {
    ok: taken !== undefined,
    lines: [verdict, ...signatures.map(describe)],
    json: {
      file,
      artifact,
      ...facts,
      ...(refusal ? { error: refusal.toJSON() } : {}),
      signatures: signatures.map(({ keyId, publisher, signedAt, refusal: why }) => ({
        keyId,
        publisher,
        counts: why === undefined,
        signedAt,
        ...(why ? { code: why.code, message: why.message } : {}),
      })),
    },
  };
}

function describe({ keyId, publisher = 'nobody known', signedAt, refusal }: SignatureVerdict): string {
  if (refusal) return `  ${keyId} of ${publisher} does not count. ${refusal.code}: ${refusal.message}`;
  return `  ${keyId} of ${publisher} counts, signed ${signedAt} (by the signer's clock)`;
}
