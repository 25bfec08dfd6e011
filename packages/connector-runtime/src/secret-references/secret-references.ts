import type { Clock } from '../types/clock.ts';
import {
  isSecretReference,
  type RequireAllowedReferences,
  type ResolveSecrets,
  type SecretValue,
} from '../types/secret-reference.ts';
import type { AwsSecrets } from './aws-source.ts';
import { missing, notAllowed, unavailable } from './failures.ts';
import { readFileReference } from './file-source.ts';
import { type ParsedReference, parseReference } from './parse-reference.ts';
import { isAllowed, type ReferencePolicy } from './reference-policy.ts';
import { type KeyValueApi, readVaultReference } from './vault-source.ts';

export interface SecretReferences {
  readonly resolveSecrets: ResolveSecrets;
  readonly requireAllowedReferences: RequireAllowedReferences;
}

interface SecretReferencesOptions {
  readonly policies: { read(tenantId: string): Promise<ReferencePolicy> };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** None: `vault:` references are unavailable. */
  readonly vault?: KeyValueApi | undefined;
  /** None: `aws-secretsmanager:` references are unavailable. */
  readonly aws?: AwsSecrets | undefined;
  /** The deployment's own secrets: nothing that holds one is ever given to a tenant, whatever a policy says. */
  readonly own: readonly string[];
  readonly clock: Clock;
  readonly scrubber: { register(value: string): void; unregister(value: string): void };
}

/** Together with the few seconds that whoever asked may remember it, under a minute. */
const USE_MS = 50_000;
/** What was sent with it may still come back within an error. */
const SCRUB_MS = 600_000;
const MAX_CACHED = 10_000;

/** Reads secrets where their owners keep them, late, and forgets them soon. The policy is asked each time. */
export function createSecretReferences(options: SecretReferencesOptions): SecretReferences {
  const { policies, clock, scrubber, own } = options;
  const cache = new Map<string, { readonly value: string; readonly usableUntil: number }>();
  const scrubbedUntil = new Map<string, number>();
  const reading = new Map<string, Promise<string>>();

  function remember(key: string, value: string): void {
    const now = clock.now();
    if (!scrubbedUntil.has(value)) scrubber.register(value);
    scrubbedUntil.set(value, now + SCRUB_MS);
    cache.set(key, { value, usableUntil: now + USE_MS });
  }

  function forget(): void {
    const now = clock.now();
    for (const [key, { usableUntil }] of cache) if (usableUntil <= now || cache.size > MAX_CACHED) cache.delete(key);
    for (const [value, until] of scrubbedUntil) {
      if (until > now) continue;
      scrubbedUntil.delete(value);
      scrubber.unregister(value);
    }
  }

  async function read(reference: ParsedReference, policy: ReferencePolicy): Promise<string> {
    const value = await readFrom(reference, policy, options);
    if (value === '') throw missing(reference, 'is empty');
    if (own.some((secret) => holds(value, secret))) throw notAllowed(reference);
    return value;
  }

  async function resolve(tenantId: string, policy: ReferencePolicy, text: string): Promise<string> {
    const reference = parseReference(text);
    if (!isAllowed(policy, reference)) throw notAllowed(reference);
    forget();
    const key = `${tenantId}\n${text}`;
    const known = cache.get(key);
    if (known) return known.value;
    const underWay = reading.get(key);
    if (underWay) return underWay;
    const value = read(reference, policy).then((found) => {
      remember(key, found);
      return found;
    });
    reading.set(key, value);
    return value.finally(() => reading.delete(key));
  }

  return {
    async resolveSecrets(tenantId, values) {
      const entries = Object.entries(values);
      const policy = entries.some(([, value]) => isSecretReference(value)) ? await policies.read(tenantId) : {};
      const resolveEntry = async ([field, value]: readonly [string, SecretValue]) =>
        [field, isSecretReference(value) ? await resolve(tenantId, policy, value.ref) : value] as const;
      return Object.fromEntries(await Promise.all(entries.map(resolveEntry)));
    },

    async requireAllowedReferences(tenantId, values) {
      const references = Object.values(values).filter(isSecretReference);
      if (references.length === 0) return;
      const policy = await policies.read(tenantId);
      for (const { ref } of references) {
        const reference = parseReference(ref);
        if (!isAllowed(policy, reference)) throw notAllowed(reference);
      }
    },
  };
}

/** A short one, a password of a local database perhaps, could stand in anything. */
function holds(value: string, secret: string): boolean {
  return value === secret || (secret.length >= 16 && value.includes(secret));
}

async function readFrom(
  reference: ParsedReference,
  policy: ReferencePolicy,
  { env, vault, aws }: SecretReferencesOptions,
): Promise<string> {
  switch (reference.scheme) {
    case 'env': {
      const value = Object.hasOwn(env, reference.path) ? env[reference.path] : undefined;
      if (value !== undefined) return value;
      throw missing(reference, "is not in the runtime's environment");
    }
    case 'file':
      return readFileReference(reference, policy.file ?? []);
    case 'vault':
      if (vault) return readVaultReference(reference, vault);
      throw unavailable(reference, 'the config names no vault (secretReferences.vault)');
    case 'aws-secretsmanager':
      if (aws) return aws.read(reference);
      throw unavailable(reference, 'the config names no region (secretReferences.awsSecretsManager)');
  }
}
