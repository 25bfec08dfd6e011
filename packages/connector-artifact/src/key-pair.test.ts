import { createPrivateKey, sign as nodeSign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeySigner, generateKeyPair } from './key-pair.ts';
import { signArtifact } from './sign-artifact.ts';
import { NOW, newSigner, sampleFiles } from './test-artifact.ts';

const PASSPHRASE = 'correct horse battery';

describe('createKeySigner', () => {
  it('signs byte for byte like node:crypto', async () => {
    const { privateKeyPem } = generateKeyPair();
    const message = Buffer.from('message');
    const signature = await createKeySigner(privateKeyPem).sign(message);
    expect(Buffer.from(signature)).toEqual(nodeSign(null, message, createPrivateKey(privateKeyPem)));
  });

  it('opens an encrypted key with its passphrase only', () => {
    const { privateKeyPem, keyId } = generateKeyPair({ passphrase: PASSPHRASE });
    expect(privateKeyPem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(createKeySigner(privateKeyPem, PASSPHRASE).keyId).toBe(keyId);
    for (const wrong of [undefined, '', 'incorrect']) {
      expect(() => createKeySigner(privateKeyPem, wrong)).toThrow(
        expect.objectContaining({ code: 'ARTIFACT_PASSPHRASE_WRONG' }),
      );
    }
  });

  it('refuses what is no Ed25519 private key', () => {
    for (const pem of [
      '',
      'junk',
      generateKeyPair().publicKeyPem,
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    ]) {
      expect(() => createKeySigner(pem)).toThrow(expect.objectContaining({ code: 'ARTIFACT_KEY_INVALID' }));
    }
  });

  it('asks for a passphrase of at least 12 characters', () => {
    expect(() => generateKeyPair({ passphrase: 'short' })).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_KEY_INVALID' }),
    );
  });
});

describe('signArtifact', () => {
  it('refuses a signer whose answer does not verify', async () => {
    const signer = { ...newSigner(), sign: () => new Uint8Array(64) };
    await expect(signArtifact(sampleFiles(), signer, { signedAt: NOW })).rejects.toMatchObject({
      code: 'ARTIFACT_SIGNATURE_INVALID',
    });
  });

  it('refuses files whose manifest is not valid', async () => {
    const files = sampleFiles({ version: 'one' });
    await expect(signArtifact(files, newSigner(), { signedAt: NOW })).rejects.toMatchObject({
      code: 'ARTIFACT_MANIFEST_INVALID',
    });
  });
});
