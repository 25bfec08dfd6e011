import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFromJSON, bundleToJSON, toDSSEBundle } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';
import { signatureFileName } from './artifact-files.ts';
import { parsePublicKey } from './public-key.ts';
import { PAYLOAD_TYPE, parseBundle, preAuthenticationEncoding } from './sigstore-bundle.ts';
import { writeStatement } from './statement.ts';
import { NOW, newSigner, sampleFiles, sign, trustedKey, trusting } from './test-artifact.ts';
import { verifyArtifact } from './verify-artifact.ts';

const signer = newSigner();
const file = signatureFileName(signer.keyId);
const bundle = (await sign(sampleFiles(), signer)).get(file) ?? new Uint8Array();
/** The system's own, when it has one. */
const OPENSSL = 'openssl';
const hasOpenssl = spawnSync(OPENSSL, ['version']).status === 0;

function verifyWithSigstore(json: string): void {
  const trust = toTrustMaterial(
    { mediaType: '', tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] },
    () => ({ publicKey: createPublicKey(signer.publicKeyPem), validFor: () => true }),
  );
  const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(json))));
}

describe('a bundle of ours', () => {
  it('verifies with @sigstore/verify, and no longer after a change', () => {
    const text = Buffer.from(bundle).toString();
    verifyWithSigstore(text);
    const { dsseEnvelope } = JSON.parse(text);
    const payload = Buffer.from(dsseEnvelope.payload, 'base64').toString().replace('1.4.0', '1.4.1');
    const changed = text.replace(dsseEnvelope.payload, Buffer.from(payload).toString('base64'));
    expect(() => verifyWithSigstore(changed)).toThrow();
  });

  it.skipIf(!hasOpenssl)(
    'verifies with `openssl pkeyutl` over the DSSE encoding (skipped without openssl)',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'interop-'));
      const { payload, signature } = parseBundle(file, bundle);
      await writeFile(join(folder, 'pub.pem'), signer.publicKeyPem);
      await writeFile(join(folder, 'message'), preAuthenticationEncoding(payload));
      await writeFile(join(folder, 'signature'), signature);
      const args = [
        'pkeyutl',
        '-verify',
        '-rawin',
        '-pubin',
        '-inkey',
        'pub.pem',
        '-in',
        'message',
        '-sigfile',
        'signature',
      ];
      const output = execFileSync(OPENSSL, args, { cwd: folder, encoding: 'utf8' });
      await writeFile(join(folder, 'message'), 'something else');
      const other = spawnSync(OPENSSL, args, { cwd: folder });
      await rm(folder, { recursive: true });
      expect(output).toContain('Signature Verified Successfully');
      expect(other.status).not.toBe(0);
    },
  );
});

describe('a bundle made with @sigstore/bundle and node:crypto', () => {
  it('verifies with ours', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { keyId, pem } = parsePublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const predicate = { id: 'acme-desk', version: '1.4.0', publisher: 'acme', signedAt: NOW.toISOString() };
    const payload = Buffer.from(writeStatement(sampleFiles(), predicate));
    const foreign = toDSSEBundle({
      artifact: payload,
      artifactType: PAYLOAD_TYPE,
      keyHint: keyId,
      signature: nodeSign(null, preAuthenticationEncoding(payload), privateKey),
    });
    const files = sampleFiles().set(signatureFileName(keyId), Buffer.from(JSON.stringify(bundleToJSON(foreign))));
    const trust = trusting([trustedKey({ keyId, publicKeyPem: pem, sign: () => new Uint8Array() })]);
    expect(verifyArtifact(files, trust, { now: NOW }).keyIds).toEqual([keyId]);
  });
});
