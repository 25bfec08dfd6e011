import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type LoopbackServer, serveLoopback } from './loopback-server.ts';

export interface KmsServer extends LoopbackServer {
  readonly keyId: string;
  /** When set, every request is refused with it. */
  fails: { status: number; type: string } | undefined;
}

interface KmsBody {
  readonly KeyId?: string;
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

/** AWS KMS's JSON protocol (`TrentService.Encrypt`, `.Decrypt`), with one key. */
export async function serveKms(): Promise<KmsServer> {
  const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const key = randomBytes(32);
  const kms: { fails: KmsServer['fails'] } = { fails: undefined };
  const answer = (target: string, request: KmsBody): KmsAnswer => {
    if (kms.fails) return refusal(kms.fails.status, kms.fails.type);
    if (request.KeyId !== keyId) return refusal(400, 'NotFoundException');
    const context = Buffer.from(JSON.stringify(Object.entries(request.EncryptionContext ?? {}).sort()));
    if (target === 'TrentService.Encrypt') {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context);
      const sealed = Buffer.concat([cipher.update(Buffer.from(request.Plaintext ?? '', 'base64')), cipher.final()]);
      const blob = Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
      return [200, { CiphertextBlob: blob, KeyId: keyId }];
    }
    if (target !== 'TrentService.Decrypt') return refusal(400, 'UnknownOperationException');
    const bytes = Buffer.from(request.CiphertextBlob ?? '', 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
        .setAAD(context)
        .setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return [200, { Plaintext: plain.toString('base64'), KeyId: keyId }];
    } catch {
      return refusal(400, 'InvalidCiphertextException');
    }
  };
  const server = await serveLoopback(({ headers, body }, response) => {
    const [status, json] = answer(String(headers['x-amz-target']), JSON.parse(body));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(json));
  });
  return Object.assign(kms, server, { keyId });
}

type KmsAnswer = readonly [status: number, body: object];

function refusal(status: number, type: string): KmsAnswer {
  return [status, { __type: type, message: 'said of arn:aws:iam::111122223333:user/somebody' }];
}
