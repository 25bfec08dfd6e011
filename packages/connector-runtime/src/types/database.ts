import type { Manifest } from '@org/connector-sdk';
import type { Generated, GeneratedAlways, Kysely } from 'kysely';
import type { ApprovalTables } from './approval-tables.ts';
import type { GeneratedTimestamp, Json, NullableJson, Timestamp } from './columns.ts';
import type { DeliveryOutcome, DeliveryResult } from './delivery.ts';
import type { PollFigures } from './poll-figures.ts';
import type { RateBlock } from './rate-block.ts';
import type { RenewalFailure } from './renewal-failure.ts';
import type { AdminRole } from './roles.ts';
import type { RunStatus, StepError, StepKind, StepStatus } from './run.ts';

/** The tables of the `connector` schema, as migrations make them. */
export interface Database extends ApprovalTables {
  'connector.tenants': { id: string; name: string; created_at: GeneratedTimestamp };
  'connector.workspaces': {
    id: string;
    tenant_id: string;
    name: string;
    created_at: GeneratedTimestamp;
  };
  'connector.artifacts': {
    digest: string;
    connector: string;
    version: string;
    publisher: string;
    key_ids: string[];
    manifest: Json<Manifest>;
    /** The deterministic .tgz: verified again at each load. */
    archive: Buffer;
    added_at: GeneratedTimestamp;
    added_by: Generated<string>;
    /** In quarantine until somebody else than `added_by` promotes it. */
    needs_promotion: Generated<boolean>;
    /** In quarantine until then, or until it is promoted. */
    available_at: Timestamp | null;
  };
  /** The same content signed anew: what its digest covers is equal, its signatures are not. */
  'connector.artifact_archives': {
    digest: string;
    archive_digest: string;
    archive: Buffer;
    added_by: string;
    added_at: Timestamp;
  };
  'connector.artifact_promotions': { digest: string; promoted_by: string; promoted_at: Timestamp };
  /** One row at most: the highest serial of a trust policy that any node has used. */
  'connector.trust_floor': { only_row: Generated<boolean>; serial: string; raised_at: Timestamp };
  /** No tenant goes below its floor of a connector unless an administrator lowers it. */
  'connector.version_floors': {
    tenant_id: string;
    connector: string;
    version: string;
    set_by: string;
    set_at: Timestamp;
  };
  'connector.enablements': {
    tenant_id: string;
    connector: string;
    digest: string;
    enabled_by: string;
    enabled_at: GeneratedTimestamp;
  };
  'connector.connections': {
    id: string;
    tenant_id: string;
    workspace_id: string;
    name: string;
    connector: string;
    config: Json<Readonly<Record<string, unknown>>>;
    /** Key of `connection.auth` in the manifest. */
    auth: string;
    status: Generated<'ready' | 'reauth_required' | 'disabled'>;
    status_reason: string | null;
    /** What a disabled one becomes again. */
    enabled_status: 'ready' | 'reauth_required' | null;
    /** As the provider names them; null when it does not say, or its scopes mean nothing here. */
    granted_scopes: string[] | null;
    last_test: NullableJson<ConnectionTest>;
    /** The row stays, for what happened through it; nothing finds it any more. */
    deleted_at: Timestamp | null;
    created_at: GeneratedTimestamp;
  };
  'connector.oauth_sessions': {
    id: string;
    tenant_id: string;
    connection_id: string;
    /** SHA-256 of the `state` that the browser brings back. */
    state_hash: Buffer;
    /** SHA-256 of what the browser that began it has in a cookie; null when it began elsewhere. */
    browser_hash: Buffer | null;
    registration_hash: Buffer;
    redirect_uri: string;
    scopes: string[] | null;
    sealed_verifier: Buffer;
    started_by: string;
    started_at: Timestamp;
    expires_at: Timestamp;
    used_at: Timestamp | null;
  };
  'connector.credentials': {
    connection_id: string;
    tenant_id: string;
    generation: number;
    /** AES-256-GCM; see docs/decisions. */
    sealed: Buffer;
    /** The version of the tenant's key that sealed it. */
    data_key: GeneratedAlways<number | null>;
    expires_at: Timestamp | null;
    /** Whether it can be renewed without a person. */
    renewable: Generated<boolean>;
    /** When the background renews it; null: at its next use, or never. */
    renew_at: Timestamp | null;
    /** Renewals tried, and how many of the last ones failed. */
    attempts: Generated<number>;
    failures: Generated<number>;
    failure: NullableJson<RenewalFailure>;
    failed_at: Timestamp | null;
    updated_at: GeneratedTimestamp;
  };
  'connector.tenant_keys': {
    tenant_id: string;
    /** 1, 2, 3 …: the newest seals. */
    version: number;
    /** Null once shredded: the row stays, so that no key is made anew for what was destroyed. */
    wrapped_key: Buffer | null;
    /** Which wrapper wrapped it; null for the master key of the time before wrappers had names. */
    wrapper: string | null;
    created_at: GeneratedTimestamp;
    /** When nothing was sealed under an older version any more. */
    resealed_at: Timestamp | null;
    shredded_at: Timestamp | null;
  };
  'connector.reference_policies': {
    tenant_id: string;
    policy: Json<Readonly<Record<string, readonly string[]>>>;
    set_by: string;
    set_at: GeneratedTimestamp;
  };
  'connector.endpoints': {
    id: string;
    tenant_id: string;
    workspace_id: string;
    connection_id: string;
    connector: string;
    purpose: 'trigger' | 'approval';
    name: string;
    disabled: Generated<boolean>;
    created_at: GeneratedTimestamp;
  };
  'connector.endpoint_addresses': {
    id: string;
    tenant_id: string;
    endpoint_id: string;
    /** SHA-256 of the token; the token itself is not stored. */
    token_hash: Buffer;
    created_at: Timestamp;
    /** Null for the current one: one per endpoint. */
    expires_at: Timestamp | null;
  };
  'connector.endpoint_secrets': {
    id: string;
    tenant_id: string;
    endpoint_id: string;
    /** A JSON array of one secret, sealed. */
    sealed: Buffer;
    data_key: GeneratedAlways<number | null>;
    created_at: Timestamp;
    /** Null for the current one: one per endpoint. */
    expires_at: Timestamp | null;
  };
  'connector.deliveries': {
    id: string;
    tenant_id: string;
    endpoint_id: string;
    delivery_key: string;
    dedupe_digest: Buffer | null;
    content_type: string;
    headers: Json<Readonly<Record<string, string>>>;
    body: Buffer;
    received_at: Timestamp;
    status: Generated<'pending' | 'done' | 'dead'>;
    /** A claim lasts until then; afterwards any node may take it. */
    claimed_until: Timestamp | null;
    claims: Generated<number>;
    /** Those before it was last replayed. `claims` never falls: it fences. */
    earlier_claims: Generated<number>;
    error: NullableJson<StepError>;
    /** Null until it is done, and for those of the time before this was kept. */
    outcome: DeliveryOutcome | null;
    result: NullableJson<DeliveryResult>;
  };
  'connector.events': {
    id: string;
    tenant_id: string;
    workspace_id: string;
    connection_id: string;
    trigger: string;
    event_key: string;
    data: Json<unknown>;
    delivery_id: string | null;
    received_at: Timestamp;
  };
  /** Where polling stands; a row stays as long as its connection does. */
  'connector.poll_cursors': {
    connection_id: string;
    /** Full name, as in events. */
    trigger: string;
    tenant_id: string;
    /** The connector's own; null before the first poll. */
    cursor: string | null;
    /** There were more pages than one turn reads. */
    unfinished: Generated<boolean>;
    /** Rises with each claim; a page is stored only under the current one (fencing). */
    generation: Generated<number>;
    lease_holder: string | null;
    lease_until: Timestamp | null;
    /** The pace of now; null until a turn has ended. */
    interval_ms: number | null;
    next_due_at: Timestamp;
    /** The SaaS asked to be left alone until then. */
    not_before: Timestamp | null;
    last_polled_at: Timestamp | null;
    last_success_at: Timestamp | null;
    last_poll: NullableJson<PollFigures>;
    failures: Generated<number>;
    error: NullableJson<StepError>;
    created_at: Timestamp;
  };
  'connector.runs': {
    id: string;
    tenant_id: string;
    workspace_id: string;
    workflow: string;
    event_id: string;
    status: Generated<RunStatus>;
    generation: Generated<number>;
    /** Of the workflow's definition, when the run started. */
    version: Generated<number>;
    /** The newest definition that has worked on it: older ones leave it alone. */
    code_version: Generated<number>;
    deadline_at: Timestamp | null;
    result: NullableJson<unknown>;
    error: NullableJson<StepError>;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
    finished_at: Timestamp | null;
  };
  'connector.run_steps': {
    run_id: string;
    key: string;
    tenant_id: string;
    kind: StepKind;
    action: string | null;
    connection_id: string | null;
    digest: string;
    input: NullableJson<unknown>;
    status: StepStatus;
    output: NullableJson<unknown>;
    error: NullableJson<StepError>;
    attempts: Generated<number>;
    /** Of these, how many ended with their node. */
    lost: Generated<number>;
    /** How often the last of these was looked for, its outcome being unknown. */
    looks: Generated<number>;
    /** What a person last said of an unknown outcome, who, and when. */
    settled: NullableJson<{ readonly status: 'applied' | 'not-applied'; readonly by: string; readonly at: string }>;
    idempotency_key: string;
    approval_id: string | null;
    /** The plan that was last sent under an approval. */
    planned_digest: string | null;
    due_at: Timestamp | null;
    attempted_at: Timestamp | null;
    /** In which order results came to the workflow, where other operations were open. */
    turn: number | null;
    /** The event that answered a wait. */
    event_id: string | null;
    created_at: GeneratedTimestamp;
    finished_at: Timestamp | null;
  };
  'connector.event_waits': {
    run_id: string;
    step_key: string;
    tenant_id: string;
    workspace_id: string;
    trigger: string;
    /** Fields of the event that have to be equal. */
    match: Json<Readonly<Record<string, unknown>>>;
    created_at: Timestamp;
  };
  'connector.rate_budgets': {
    connection_id: string;
    tenant_id: string;
    /** An administrator's, in the place of the manifest's. */
    requests_per_minute: number | null;
    concurrency: number | null;
    /** GCRA: when the next request would be due at an even pace. */
    next_at: GeneratedTimestamp;
    /** Rises with each grant. */
    turn: Generated<string>;
    step_seconds: Generated<number>;
    /** Nothing leaves before. */
    blocked_until: Timestamp | null;
    block: NullableJson<RateBlock>;
  };
  'connector.rate_leases': {
    connection_id: string;
    node_id: string;
    tenant_id: string;
    wanted_slots: number;
    slots: number;
    held_since: Timestamp;
    expires_at: Timestamp;
  };
  'connector.policies': {
    tenant_id: string;
    /** Null: the tenant's own text. */
    workspace_id: string | null;
    version: number;
    /** Cedar text. */
    text: string;
    created_by: string;
    created_at: GeneratedTimestamp;
    /** The version whose text this one has again. */
    restores: number | null;
  };
  'connector.api_tokens': {
    id: string;
    /** Null: for the whole deployment. */
    tenant_id: string | null;
    name: string;
    roles: AdminRole[];
    /** SHA-256 of the token; the token itself is not stored. */
    token_hash: Buffer;
    created_by: string;
    created_at: Timestamp;
    expires_at: Timestamp;
    /** Within some minutes. */
    last_used_at: Timestamp | null;
    revoked_by: string | null;
    revoked_at: Timestamp | null;
  };
  'connector.audit_entries': {
    tenant_id: string;
    seq: string;
    run_id: string | null;
    kind: string;
    /** The exact bytes that are hashed: canonical JSON. */
    body: string;
    previous_hash: Buffer;
    hash: Buffer;
  };
  'connector.audit_heads': { tenant_id: string; seq: string; hash: Buffer };
  /** `envelope`: one line of JSON; `previous`: the hex digest of the one before it, empty for a chain's first. */
  'connector.audit_segments': {
    tenant_id: string;
    first_seq: string;
    last_seq: string;
    previous: string;
    envelope: string;
  };
  'connector.audit_signed_heads': { tenant_id: string; seq: string; previous: string; envelope: string };
}

/** How the last test of a connection went. */
export interface ConnectionTest {
  /** ISO 8601. */
  readonly at: string;
  readonly account?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export type Db = Kysely<Database>;
