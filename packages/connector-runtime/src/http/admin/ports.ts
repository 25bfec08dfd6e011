import type { ApiTokens } from '../../api-tokens/index.ts';
import type { Decided } from '../../approvals/index.ts';
import type { AuditPage } from '../../audit/index.ts';
import type { DeliveryDetails, DeliveryQuery, DeliverySummary, Replayed } from '../../events/index.ts';
import type { ConnectionLimits, RateOverride } from '../../limits/index.ts';
import type { BegunAuthorization } from '../../oauth/index.ts';
import type { PolicySimulator } from '../../policy/index.ts';
import type { PollingStage } from '../../polling/index.ts';
import type { Tenants } from '../../tenants/index.ts';
import type { RunStatus } from '../../types/run.ts';
import type { Secret } from '../../types/secret.ts';
import type { Stats } from '../postgres-stats.ts';

/** A holder of the admin API; `name` is the actor in the audit, as `admin:<name>`. */
export interface AdminToken {
  readonly name: string;
  /** At least 32 characters. */
  readonly token: Secret;
}

export interface AdminPorts {
  readonly tenants: Tenants;
  readonly artifacts: {
    /** A path of this machine, or the bytes of a `.tgz`. */
    add(source: string | Uint8Array, by: string): Promise<object>;
    /** Ends a quarantine. Throws `ARTIFACT_UNKNOWN` | `ARTIFACT_PROMOTER_NOT_ALLOWED`. */
    promote(digest: string, by: string): Promise<void>;
    list(): Promise<readonly object[]>;
  };
  readonly connections: {
    /** A link at which a person agrees. Throws `OAUTH_*` | `CONNECTION_*` | `CREDENTIAL_MISSING`. */
    authorize(request: {
      readonly tenantId: string;
      readonly connectionId: string;
      readonly by: string;
      /** A secret that the browser which ends it has to show in the cookie `__Host-connector-oauth`. */
      readonly browser?: string | undefined;
    }): Promise<BegunAuthorization>;
  };
  readonly limits: {
    /** Throws `CONNECTION_UNKNOWN`, also for another tenant's, or `CONNECTOR_NOT_ENABLED`. */
    read(tenantId: string, connectionId: string): Promise<ConnectionLimits>;
    /** Null: the manifest's. Throws like `read`. */
    set(request: {
      readonly tenantId: string;
      readonly connectionId: string;
      readonly limit: RateOverride;
      readonly by: string;
    }): Promise<void>;
  };
  readonly references: {
    /** What the tenant's secret references may point to. */
    read(tenantId: string): Promise<object>;
    /** Throws `SECRET_REFERENCE_INVALID` | `TENANT_UNKNOWN`. */
    set(request: { readonly tenantId: string; readonly policy: unknown; readonly by: string }): Promise<object>;
  };
  readonly policy: PolicySimulator;
  readonly runs: {
    /** Answered as they are, like every other list here. */
    list(query: {
      readonly tenantId: string;
      readonly limit: number;
      readonly status?: RunStatus | undefined;
      readonly before?: string | undefined;
    }): Promise<readonly object[]>;
    /** With its steps and approvals; `within` a tenant, another's is not there. */
    get(runId: string, within?: string): Promise<{ readonly tenantId: string } | undefined>;
    /** Writes whose outcome is unknown, oldest first. */
    unsettled(query: { readonly tenantId: string; readonly limit: number }): Promise<readonly object[]>;
    /** Throws `RUN_NOT_UNSETTLED` | `RUN_SETTLED_OTHERWISE`. */
    settle(
      step: { readonly tenantId: string; readonly runId: string; readonly stepKey: string },
      found: { readonly reason?: string | undefined } & (
        | { readonly status: 'applied'; readonly output: unknown }
        | { readonly status: 'not-applied' }
      ),
      by: string,
    ): Promise<void>;
    /** Begins nothing new in it. Throws `RUN_FINISHED` | `RUN_UNKNOWN`. */
    cancel(run: { readonly tenantId: string; readonly runId: string }, by: string, reason?: string): Promise<void>;
    /** Lets one that was stopped as diverged go on. Throws `RUN_NOT_DIVERGED` | `RUN_UNKNOWN`. */
    resume(run: { readonly tenantId: string; readonly runId: string }, by: string): Promise<void>;
  };
  readonly approvals: {
    list(tenantId: string, limit: number): Promise<readonly object[]>;
    decide(click: {
      readonly tenantId: string;
      readonly approvalId: string;
      readonly decision: 'approved' | 'denied';
      readonly actor: string;
      readonly via: { readonly admin: true };
    }): Promise<Decided>;
  };
  readonly audit: {
    list(
      tenantId: string,
      page: AuditPage,
    ): Promise<readonly { readonly seq: string; readonly body: string; readonly hash: string }[]>;
    /** Throws `AUDIT_BROKEN`. */
    verify(tenantId: string): Promise<{ readonly entries: number; readonly verified: true }>;
  };
  readonly deliveries: {
    list(tenantId: string, query: DeliveryQuery): Promise<readonly DeliverySummary[]>;
    /** Throws `DELIVERY_UNKNOWN`. */
    show(tenantId: string, deliveryId: string): Promise<DeliveryDetails>;
    /** Throws `DELIVERY_UNKNOWN` | `DELIVERY_NOT_DEAD`. */
    replay(request: { readonly tenantId: string; readonly deliveryId: string; readonly by: string }): Promise<void>;
    /** The oldest first. Throws `ENDPOINT_UNKNOWN`. */
    replayDead(request: {
      readonly tenantId: string;
      readonly endpointId: string;
      readonly limit: number;
      readonly by: string;
    }): Promise<Replayed>;
  };
  /** Tokens of this API, beside the config's. */
  readonly apiTokens: Pick<ApiTokens, 'create' | 'list' | 'revoke'>;
  readonly polling: Pick<PollingStage, 'list' | 'reconcile'>;
  readonly stats: { read(tenantId?: string): Promise<Stats> };
}
