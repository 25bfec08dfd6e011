import type { MasterKey } from './config-keys.ts';
import { createHashicorpVault } from './hashicorp-vault.ts';
import { readSecretSource } from './secret-source.ts';
import { RuntimeError } from './types/errors.ts';
import { Secret } from './types/secret.ts';
import {
  createAwsKmsWrapper,
  createLocalWrapper,
  createTransitWrapper,
  type KeyWrapper,
  type KeyWrappers,
} from './vault/index.ts';

interface KeyOptions {
  readonly masterKey: MasterKey;
  readonly previousMasterKeys: readonly MasterKey[];
}

/**
 * Opens what a config names as master keys. `learn` is told each secret of it, to keep it out of logs. A key service is not
 * asked yet: a runtime starts also while it does not answer.
 *
 * @throws RuntimeError `CONFIG_INVALID`
 */
export async function openKeyWrappers(options: KeyOptions, learn: (secret: string) => void): Promise<KeyWrappers> {
  const previous: KeyWrapper[] = [];
  for (const key of options.previousMasterKeys) previous.push(await openWrapper(key, learn));
  return [await openWrapper(options.masterKey, learn), ...previous];
}

async function openWrapper(key: MasterKey, learn: (secret: string) => void): Promise<KeyWrapper> {
  if (key instanceof Secret) return localWrapper(key, learn);
  if ('wrapper' in key) return key.wrapper;
  if ('awsKms' in key) return createAwsKmsWrapper(key.awsKms);
  if ('transit' in key) {
    const { key: name, mount, derived, ...server } = key.transit;
    const unavailable = (message: string, cause: unknown) =>
      new RuntimeError('KEY_SERVICE_UNAVAILABLE', `the key service ${message}`, { cause });
    const api = await createHashicorpVault(server, { unavailable, learn });
    return createTransitWrapper({ api, key: name, mount, derived });
  }
  return localWrapper(await readSecretSource(key), learn);
}

function localWrapper(key: Secret, learn: (secret: string) => void): KeyWrapper {
  learn(key.reveal());
  return createLocalWrapper(key);
}
