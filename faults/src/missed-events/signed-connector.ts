import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeySigner, generateKeyPair, packArtifact, readArtifact, signArtifact } from '@org/connector-artifact';

/** A change of the connector's code that must be found out: what stands there, and what is put in its place. */
export interface CodeChange {
  readonly from: string;
  readonly to: string;
}

/** Before anything that happens by the clock of the run. */
const SIGNED_AT = new Date('2026-01-01T00:00:00Z');

/** The built ServiceNow connector, signed now, and a policy that trusts it. `changes` break its polling on purpose. */
export async function writeSigned(folder: string, changes: readonly CodeChange[] = []): Promise<void> {
  const pair = generateKeyPair();
  const built = fileURLToPath(new URL('../artifact', import.meta.resolve('@org/connector-servicenow')));
  const files = new Map(await readArtifact(built));
  let code = Buffer.from(files.get('connector.mjs') ?? []).toString();
  for (const { from, to } of changes) {
    if (!code.includes(from)) throw new Error(`the connector has no ${from} to change`);
    code = code.replace(from, to);
  }
  files.set('connector.mjs', Buffer.from(code));
  const signed = await signArtifact(files, createKeySigner(pair.privateKeyPem), { signedAt: SIGNED_AT });
  await writeFile(join(folder, 'servicenow.tgz'), packArtifact(signed));
  const keys = [{ keyId: pair.keyId, publicKey: pair.publicKeyPem, validFrom: '2020-01-01T00:00:00Z' }];
  const trust = { trustVersion: 1, publishers: { org: { keys, allow: ['servicenow'] } } };
  await writeFile(join(folder, 'trust.json'), JSON.stringify(trust));
}
