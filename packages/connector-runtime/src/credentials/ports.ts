import type { Authentication, Manifest, ManifestAuth } from '@org/connector-sdk';

/** A tenant's binding to a SaaS account, as far as its credential is concerned. */
export interface CredentialConnection {
  readonly id: string;
  readonly tenantId: string;
  readonly connector: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Key of `connection.auth` in the manifest. */
  readonly auth: string;
  readonly status: 'ready' | 'reauth_required' | 'disabled';
}

export interface ConnectionDirectory {
  /** Throws `CONNECTION_UNKNOWN`, also for another tenant's. */
  connection(tenantId: string, connectionId: string): Promise<CredentialConnection>;
  /** Throws `CONNECTOR_NOT_ENABLED`, or the artifact's refusal. */
  enabled(tenantId: string, connector: string): Promise<{ readonly digest: string; readonly manifest: Manifest }>;
}

/** Runs `authenticate` of a connector, isolated, with nothing but this secret. */
export interface AuthCall {
  readonly connection: CredentialConnection;
  readonly digest: string;
  readonly auth: Extract<ManifestAuth, { kind: 'custom' }>;
  readonly secret: Readonly<Record<string, string>>;
}

export type CallAuth = (call: AuthCall) => Promise<Authentication>;

/** Learns every secret value that this process opens, so that it can be kept out of logs. */
export interface SecretRegister {
  /** Counted: a value is known until it was unregistered as often. */
  register(value: string): void;
  unregister(value: string): void;
}
