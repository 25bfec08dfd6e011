import type { Manifest, ManifestReception } from '@org/connector-sdk';
import type { Transaction } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Database, Db } from '../types/database.ts';
import type { Secret } from '../types/secret.ts';
import type { SecretValue } from '../types/secret-reference.ts';

/** Artifacts of the deployment, verified under the trust policy of now each time they are opened. */
export interface ArtifactShelf {
  /** `enable`: for a tenant that does not run it yet. Throws the artifact's refusal, or `ARTIFACT_UNKNOWN`. */
  open(digest: string, purpose?: 'enable' | 'load'): Promise<{ readonly digest: string; readonly manifest: Manifest }>;
}

/** Keeps a connection's credential, sealed. */
export interface CredentialKeeper {
  /** Throws `CREDENTIAL_INVALID` for fields that the auth kind does not take. */
  store(
    connection: { readonly id: string; readonly tenantId: string; readonly connector: string },
    auth: string,
    secrets: Readonly<Record<string, SecretValue>>,
    by: string,
  ): Promise<{ readonly authorized: boolean }>;
  /** Tells the provider that the grant is over. Never throws. */
  revoke(connection: { readonly id: string; readonly tenantId: string }): Promise<string>;
  /** Nothing of it stays in this process's memory. */
  forget(connection: { readonly id: string; readonly tenantId: string }): void;
}

export interface EndpointSecretSealer {
  sealEndpointSecret(endpoint: { readonly id: string; readonly tenantId: string }, secret: Secret): Promise<Buffer>;
}

/** What a scheme of verification demands of its secrets; ingress knows. */
export interface EndpointSecretRules {
  generate(verification: ManifestReception['verification']): string;
  /** Throws `ENDPOINT_SECRET_TOO_SHORT`. */
  require(verification: ManifestReception['verification'], secret: string): void;
}

export interface PolicyWarning {
  /** Empty: the text as a whole. */
  readonly policyId: string;
  readonly message: string;
}

export interface PolicyRules {
  /** Answers what can never apply. Throws `POLICY_INVALID`. */
  validate(
    texts: { readonly tenant?: string; readonly workspace?: string },
    manifests: readonly Manifest[],
  ): readonly PolicyWarning[];
  /** The tenant's texts have changed. */
  forget(tenantId: string): void;
}

export interface TenantStore {
  readonly db: Db;
  withTenant<T>(tenantId: string, work: (trx: Transaction<Database>) => Promise<T>): Promise<T>;
}

export interface TenantPorts {
  readonly store: TenantStore;
  readonly audit: AuditTrail;
  readonly artifacts: ArtifactShelf;
  readonly credentials: CredentialKeeper;
  readonly vault: EndpointSecretSealer;
  readonly endpointSecrets: EndpointSecretRules;
  readonly policies: PolicyRules;
  readonly clock: Clock;
  /** The connector's own test of a connection, isolated. */
  readonly test: (tenantId: string, connectionId: string) => Promise<{ readonly account: string }>;
}
