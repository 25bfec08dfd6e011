/** Points to a secret that stays where its owner keeps it: `env:NAME`, `file:/path`, `vault:mount/path#field`, … */
export interface SecretReference {
  readonly ref: string;
}

/**
 * What may be given for a secret field. A literal is a string and a reference is an object, so that no literal, whatever its
 * text, is ever read as a reference.
 */
export type SecretValue = string | SecretReference;

/**
 * Reads references late: right before the values are used. Literals pass as they are. What it returns is never stored, and the
 * log's scrubber knows it.
 *
 * @throws RuntimeError `SECRET_REFERENCE_NOT_ALLOWED` | `_INVALID` | `_MISSING` | `_UNAVAILABLE`
 */
export type ResolveSecrets = (
  tenantId: string,
  values: Readonly<Record<string, SecretValue>>,
) => Promise<Readonly<Record<string, string>>>;

/**
 * Refuses, before it is stored, a reference that is malformed or outside the tenant's policy. Reads no secret.
 *
 * @throws RuntimeError `SECRET_REFERENCE_NOT_ALLOWED` | `SECRET_REFERENCE_INVALID`
 */
export type RequireAllowedReferences = (
  tenantId: string,
  values: Readonly<Record<string, SecretValue>>,
) => Promise<void>;

export function isSecretReference(value: SecretValue): value is SecretReference {
  return typeof value !== 'string';
}
