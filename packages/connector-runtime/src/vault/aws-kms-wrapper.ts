import { RuntimeError } from '../types/errors.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';

export interface AwsKmsWrapperOptions {
  /** ARN of the key; an alias would name another key one day. */
  readonly keyId: string;
  readonly region: string;
  /** Of the service, when it is not AWS's own for the region. */
  readonly endpoint?: string | undefined;
}

type Kms = typeof import('@aws-sdk/client-kms');

/** What AWS answers when the ciphertext itself is at fault. */
const NOT_OURS = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);
/** What passes by itself. Anything else that the service says is for somebody to act on. */
const PASSING = new Set([
  'DependencyTimeoutException',
  'KMSInternalException',
  'KeyUnavailableException',
  'LimitExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TimeoutError',
]);

/**
 * Wraps by AWS KMS, with tenant and version as encryption context. Credentials are found as the SDK finds them (role,
 * environment, profile). The SDK is an optional peer: install `@aws-sdk/client-kms` beside this package.
 *
 * @throws RuntimeError `CONFIG_INVALID` when the SDK is not installed
 */
export async function createAwsKmsWrapper({ keyId, region, endpoint }: AwsKmsWrapperOptions): Promise<KeyWrapper> {
  const { KMSClient, EncryptCommand, DecryptCommand } = await loadSdk();
  const client = new KMSClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 5000 },
  });
  const contextOf = ({ tenantId, version }: KeyContext) => ({
    purpose: 'connector-tenant-key',
    tenant: tenantId,
    version: String(version),
  });
  return {
    id: `aws-kms:${keyId}`,
    async wrap(plain, context) {
      try {
        const command = new EncryptCommand({ KeyId: keyId, Plaintext: plain, EncryptionContext: contextOf(context) });
        const { CiphertextBlob } = await client.send(command);
        if (CiphertextBlob) return Buffer.from(CiphertextBlob);
      } catch (error) {
        throw failure(error, keyId);
      }
      throw failure(undefined, keyId);
    },
    async unwrap(wrapped, context) {
      try {
        const { Plaintext } = await client.send(
          new DecryptCommand({ KeyId: keyId, CiphertextBlob: wrapped, EncryptionContext: contextOf(context) }),
        );
        return Plaintext?.length === 32 ? Buffer.from(Plaintext) : undefined;
      } catch (error) {
        if (error instanceof Error && NOT_OURS.has(error.name)) return undefined;
        throw failure(error, keyId);
      }
    },
  };
}

async function loadSdk(): Promise<Kms> {
  try {
    return await import('@aws-sdk/client-kms');
  } catch (cause) {
    throw new RuntimeError(
      'CONFIG_INVALID',
      'a master key in AWS KMS needs the AWS SDK: install @aws-sdk/client-kms beside @org/connector-runtime',
      { cause },
    );
  }
}

/** The service's own words are left out: they can name the caller's identity. */
function failure(error: unknown, keyId: string): RuntimeError {
  const name = error instanceof Error ? error.name : 'no answer';
  const status = statusOf(error);
  // No status: nothing was answered. What the SDK can't even send (no credentials, say) is for somebody to act on.
  const passing = status === undefined ? !/Credential/i.test(name) : status >= 500 || status === 429;
  if (passing || PASSING.has(name)) {
    return new RuntimeError(
      'KEY_SERVICE_UNAVAILABLE',
      `AWS KMS does not answer for ${keyId} (${name}); try again later`,
      { details: { keyId, reason: name } },
    );
  }
  return new RuntimeError(
    'KEY_SERVICE_REFUSED',
    `AWS KMS refused the use of ${keyId} (${name}); check the key's state and policy, and this process's role`,
    { details: { keyId, reason: name } },
  );
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
