import type { SecretReferencesConfig } from './config-keys.ts';
import { createHashicorpVault } from './hashicorp-vault.ts';
import {
  createAwsSecrets,
  createSecretReferences,
  type ReferencePolicies,
  type SecretReferences,
} from './secret-references/index.ts';
import type { Clock } from './types/clock.ts';
import { RuntimeError } from './types/errors.ts';

interface ReferencePorts {
  readonly policies: ReferencePolicies;
  /** The deployment's own secrets, which no reference may give to a tenant. */
  readonly own: readonly string[];
  /** Is told each secret of the deployment that comes up. */
  readonly learn: (secret: string) => void;
  readonly clock: Clock;
  readonly scrubber: { register(value: string): void; unregister(value: string): void };
}

/** Opens what a config names for tenants' references. Throws `CONFIG_INVALID`; nothing is asked yet. */
export async function openReferences(
  { vault, awsSecretsManager }: SecretReferencesConfig,
  { policies, own, learn, clock, scrubber }: ReferencePorts,
): Promise<SecretReferences> {
  const unavailable = (message: string, cause: unknown) =>
    new RuntimeError('SECRET_REFERENCE_UNAVAILABLE', `the vault of the secret references ${message}`, { cause });
  return createSecretReferences({
    policies,
    env: process.env,
    vault: vault && (await createHashicorpVault(vault, { unavailable, learn })),
    aws: awsSecretsManager && (await createAwsSecrets(awsSecretsManager)),
    own,
    clock,
    scrubber,
  });
}
