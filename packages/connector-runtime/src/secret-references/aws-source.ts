import { RuntimeError } from '../types/errors.ts';
import { missing, unavailable } from './failures.ts';
import type { ParsedReference } from './parse-reference.ts';

type AwsReference = Extract<ParsedReference, { scheme: 'aws-secretsmanager' }>;

export interface AwsSecretsOptions {
  readonly region: string;
  /** Of the service, when it is not AWS's own for the region. */
  readonly endpoint?: string | undefined;
}

export interface AwsSecrets {
  read(reference: AwsReference): Promise<string>;
}

/**
 * AWS Secrets Manager. Credentials are found as the SDK finds them. The SDK is an optional peer: install
 * `@aws-sdk/client-secrets-manager` beside this package.
 *
 * @throws RuntimeError `CONFIG_INVALID` when the SDK is not installed
 */
export async function createAwsSecrets({ region, endpoint }: AwsSecretsOptions): Promise<AwsSecrets> {
  const { SecretsManagerClient, GetSecretValueCommand } = await loadSdk();
  const client = new SecretsManagerClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 5000 },
  });
  return {
    async read(reference) {
      const text = await client.send(new GetSecretValueCommand({ SecretId: reference.path })).then(
        ({ SecretString }) => SecretString,
        (error: unknown) => {
          const name = error instanceof Error ? error.name : 'no answer';
          if (name === 'ResourceNotFoundException') throw missing(reference, 'is not in Secrets Manager');
          throw unavailable(reference, `Secrets Manager gave no answer to use (${name})`, error);
        },
      );
      if (text === undefined) throw missing(reference, 'holds bytes and no text');
      return reference.field === undefined ? text : fieldOf(reference, text, reference.field);
    },
  };
}

async function loadSdk() {
  try {
    return await import('@aws-sdk/client-secrets-manager');
  } catch (cause) {
    throw new RuntimeError(
      'CONFIG_INVALID',
      'aws-secretsmanager: references need the AWS SDK: install @aws-sdk/client-secrets-manager beside @org/connector-runtime',
      { cause },
    );
  }
}

function fieldOf(reference: AwsReference, text: string, field: string): string {
  const value = memberOf(parseJson(text), field);
  if (typeof value === 'string') return value;
  throw missing(reference, `is no JSON with text in a field "${field}"`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
