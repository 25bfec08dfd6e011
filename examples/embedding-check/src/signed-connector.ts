import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeySigner, generateKeyPair, packArtifact, signArtifact } from '@org/connector-artifact';

const built = fileURLToPath(new URL('../artifact/', import.meta.resolve('@org/connector-servicenow')));

/** Signs the built ServiceNow connector with a key that is made now, and writes it with the policy that trusts this key alone. */
export async function writeSignedConnector(folder: string): Promise<void> {
  const signer = createKeySigner(generateKeyPair().privateKeyPem);
  const names = ['manifest.json', 'connector.mjs'];
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(built, name))] as const)),
  );
  const now = new Date();
  const signed = await signArtifact(files, signer, { signedAt: now });
  await writeFile(join(folder, 'servicenow.tgz'), packArtifact(signed));
  const keys = [{ keyId: signer.keyId, publicKey: signer.publicKeyPem, validFrom: now.toISOString() }];
  const trust = { trustVersion: 1, publishers: { org: { keys, allow: ['servicenow'] } } };
  await writeFile(join(folder, 'trust.json'), JSON.stringify(trust));
}
