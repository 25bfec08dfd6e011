import { z } from 'zod';
import { adminRoles } from '../../types/roles.ts';
import { policyAnswers } from './policy-answers.ts';
import { deliveryOutcome, digest, runStatus, uuid } from './requests.ts';

/** What the admin API answers, by kind of thing. Tests compare every answer with these: no field more, none missing. */

const time = z.iso.datetime();
const count = z.int().nonnegative();
const failure = z.object({ code: z.string(), message: z.string() });
const purpose = z.object({ kind: z.enum(['trigger', 'approval']), name: z.string() });
const endpointPart = z.object({
  id: uuid,
  createdAt: time,
  expiresAt: time.nullable().describe('null: the current one'),
});
const approvalStatus = z.enum(['requested', 'approved', 'denied', 'expired', 'cancelled']);

const pollFigures = { seen: count, new: count, duplicate: count, tooOld: count, runs: count, pages: count };

export const error = z
  .object({
    error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
  })
  .meta({ id: 'Error' });

const tenant = z.object({ id: uuid, name: z.string() }).meta({ id: 'Tenant' });

const approvalRule = z
  .object({
    connectionId: uuid,
    connector: z.string(),
    channel: z.string(),
    target: z.unknown(),
    approvers: z.array(z.string()),
    groups: z.array(z.string()).optional(),
    quorum: z.int().optional(),
    samePerson: z.array(z.array(z.string())).optional(),
    requesterMayApprove: z.boolean().optional(),
    expiresInSeconds: z.int(),
    reminders: z.object({ afterSeconds: z.int(), times: z.int() }).optional(),
    escalation: z.object({ afterSeconds: z.int(), rule: z.string() }).optional(),
  })
  .meta({ id: 'ApprovalRule' });

/** Where a question is asked, and under which rule. */
const approvalPlace = z.object({
  rule: z.string(),
  needed: z.int().describe('how many people have to approve under it'),
  connectionId: uuid,
  connector: z.string(),
  channel: z.string(),
  target: z.unknown(),
  ref: z.record(z.string(), z.unknown()).nullable(),
});

const credential = z.object({
  generation: z.int(),
  expiresAt: time.nullable(),
  renewable: z.boolean(),
  renewsAt: time.nullable(),
  updatedAt: time,
  failure: failure.extend({ since: time, count }).nullable(),
});

const rateLimit = z.object({ requestsPerMinute: z.int(), concurrency: z.int() });

const health = z.object({
  state: z.enum(['ready', 'degraded', 'reauth_required', 'disabled']),
  reason: z.string().nullable(),
  nextStep: z.string().nullable(),
  missingScopes: z.array(z.string()),
  unusable: z.array(z.string()),
});

const run = z
  .object({
    id: uuid,
    tenantId: uuid,
    workspaceId: uuid,
    workflow: z.string(),
    trigger: z.string(),
    eventKey: z.string(),
    version: z.int().min(1),
    status: runStatus,
    error: failure.nullable(),
    createdAt: time,
    updatedAt: time,
    finishedAt: time.nullable(),
    deadlineAt: time.nullable(),
    unsettled: count,
  })
  .meta({ id: 'Run' });

const step = z.object({
  key: z.string(),
  kind: z.enum(['action', 'approval', 'step', 'sleep', 'patch', 'event']),
  action: z.string().nullable(),
  status: z.enum(['intended', 'waiting', 'unknown', 'succeeded', 'failed', 'denied']),
  attempts: count,
  error: failure.nullable(),
  approvalId: uuid.nullable(),
  dueAt: time.nullable(),
  finishedAt: time.nullable(),
});

const unsettledWrite = z
  .object({
    runId: uuid,
    stepKey: z.string(),
    workspaceId: uuid,
    workflow: z.string(),
    runStatus,
    action: z.string().nullable(),
    connection: z.object({ id: uuid, name: z.string() }).nullable(),
    idempotencyKey: z.string(),
    attempts: count,
    attemptedAt: time.nullable(),
    looks: count,
    dueAt: time.nullable(),
    next: z.enum(['wait', 'settle']),
    error: failure.nullable(),
  })
  .meta({ id: 'UnsettledWrite' });

const apiToken = z
  .object({
    id: uuid,
    tenantId: uuid.nullable(),
    name: z.string(),
    roles: z.array(z.enum(adminRoles)),
    createdBy: z.string(),
    createdAt: time,
    expiresAt: time,
    lastUsedAt: time.nullable(),
    revokedBy: z.string().nullable(),
    revokedAt: time.nullable(),
  })
  .meta({ id: 'Token' });

const delivery = z
  .object({
    id: uuid,
    endpointId: uuid,
    connector: z.string(),
    purpose,
    deliveryKey: z.string(),
    bodyBytes: count,
    receivedAt: time,
    status: z.enum(['pending', 'done', 'dead']),
    claims: count,
    error: failure.nullable(),
    outcome: deliveryOutcome.nullable(),
    result: z
      .union([
        z.object({ events: count, duplicates: count, runs: count }),
        z.object({
          approvalId: z.string(),
          decision: z.enum(['approved', 'denied']),
          status: z.string(),
          code: z.string().optional(),
        }),
      ])
      .nullable(),
  })
  .meta({ id: 'Delivery' });

export const answers = {
  apiToken,
  unsettledWrite,
  createdToken: apiToken.extend({ token: z.string() }).meta({ id: 'CreatedToken' }),
  tenant,
  createdTenant: tenant.extend({ workspaceId: uuid }).meta({ id: 'CreatedTenant' }),
  approvalRule,
  namedApprovalRule: approvalRule.extend({ name: z.string() }).meta({ id: 'NamedApprovalRule' }),
  workspace: z
    .object({ id: uuid, tenantId: uuid, name: z.string(), approvalRule: approvalRule.nullable() })
    .meta({ id: 'Workspace' }),
  artifact: z
    .object({
      digest,
      id: z.string(),
      version: z.string(),
      publisher: z.string(),
      keyIds: z.array(z.string()),
      addedAt: time,
      addedBy: z.string(),
      state: z.enum(['available', 'quarantined']),
      availableAt: time.nullable(),
      promotedBy: z.string().nullable(),
    })
    .meta({ id: 'Artifact' }),
  addedArtifact: z
    .object({ digest, id: z.string(), version: z.string(), publisher: z.string(), keyIds: z.array(z.string()) })
    .meta({ id: 'AddedArtifact' }),
  enablement: z
    .object({
      connector: z.string(),
      version: z.string(),
      digest,
      enabledBy: z.string(),
      enabledAt: time,
      floor: z.string(),
    })
    .meta({ id: 'Enablement' }),
  connection: z
    .object({
      id: uuid,
      tenantId: uuid,
      workspaceId: uuid,
      name: z.string(),
      connector: z.string(),
      config: z.record(z.string(), z.unknown()),
      auth: z.string(),
      status: z.enum(['ready', 'reauth_required', 'disabled']),
      statusReason: z.string().nullable(),
      grantedScopes: z.array(z.string()).nullable(),
      lastTest: z.object({ at: time, account: z.string().optional(), error: failure.optional() }).nullable(),
      credential: credential.nullable(),
      health,
    })
    .meta({ id: 'Connection' }),
  connectionLimits: z
    .object({
      declared: rateLimit,
      set: z.object({ requestsPerMinute: z.int().nullable(), concurrency: z.int().nullable() }),
      effective: rateLimit,
      leased: z.object({ nodes: count, slots: count }),
      blocked: z.object({ status: z.int().nullable(), rule: z.string().optional(), until: time }).nullable(),
      thisNode: z
        .object({
          inUse: count,
          waiting: count,
          circuit: z.object({
            state: z.enum(['closed', 'open', 'half-open']),
            reason: z.string().nullable(),
            triesAt: time.nullable(),
          }),
        })
        .nullable(),
    })
    .meta({ id: 'ConnectionLimits' }),
  begunAuthorization: z
    .object({ url: z.string(), redirectUri: z.string(), expiresAt: time })
    .meta({ id: 'BegunAuthorization' }),
  endpoint: z
    .object({
      id: uuid,
      connectionId: uuid,
      connector: z.string(),
      purpose,
      disabled: z.boolean(),
      createdAt: time,
      addresses: z.array(endpointPart),
      secrets: z.array(endpointPart),
      lastAcceptedAt: time.nullable(),
    })
    .meta({ id: 'Endpoint' }),
  rotatedAddress: z
    .object({ addressId: uuid, url: z.string(), token: z.string(), earlierUntil: time })
    .meta({ id: 'RotatedAddress' }),
  rotatedSecret: z.object({ secretId: uuid, secret: z.string(), earlierUntil: time }).meta({ id: 'RotatedSecret' }),
  createdEndpoint: z
    .object({ endpointId: uuid, url: z.string(), token: z.string(), secret: z.string() })
    .meta({ id: 'CreatedEndpoint' }),
  ...policyAnswers,
  run,
  runDetails: run
    .extend({
      result: z.unknown(),
      steps: z.array(step),
      approvals: z.array(
        z.object({
          id: uuid,
          stepKey: z.string(),
          status: approvalStatus,
          decidedBy: z.string().nullable(),
          decidedAt: time.nullable(),
          expiresAt: time,
        }),
      ),
      auditUrl: z.string(),
    })
    .meta({ id: 'RunDetails' }),
  approval: z
    .object({
      id: uuid,
      tenantId: uuid,
      workspaceId: uuid,
      runId: uuid,
      stepKey: z.string(),
      digests: z.array(z.string()),
      request: z.record(z.string(), z.unknown()),
      ...approvalPlace.shape,
      approvers: z.array(z.string()),
      escalation: approvalPlace.nullable().describe('where it is asked in addition'),
      reminders: count,
      status: approvalStatus,
      decidedBy: z.string().nullable(),
      decidedAt: z.int().nullable().describe('milliseconds since 1970'),
      requestedAt: z.int().describe('milliseconds since 1970'),
      expiresAt: z.int().describe('milliseconds since 1970'),
    })
    .meta({ id: 'Approval' }),
  delivery,
  deliveryDetails: delivery
    .extend({
      contentType: z.string(),
      headerNames: z.array(z.string()),
      events: z.array(z.object({ id: uuid, trigger: z.string(), eventKey: z.string() })),
      runs: z.array(z.object({ id: uuid, eventId: uuid, workflow: z.string(), status: runStatus })),
    })
    .meta({ id: 'DeliveryDetails' }),
  replayed: z.object({ replayed: count, left: count }).meta({ id: 'Replayed' }),
  polling: z
    .object({
      connectionId: uuid,
      connection: z.string(),
      trigger: z.string(),
      state: z.enum(['reading', 'waiting', 'held', 'paused']),
      pausedBy: z.enum(['connection', 'connector', 'workflows', 'config']).nullable(),
      nextDueAt: time,
      notBefore: time.nullable(),
      lagSeconds: count.nullable(),
      intervalSeconds: z.number().nullable(),
      lastPolledAt: time.nullable(),
      lastSuccessAt: time.nullable(),
      complete: z.boolean(),
      lastPoll: z.object(pollFigures).nullable(),
      failures: count,
      error: failure.nullable(),
    })
    .meta({ id: 'Polling' }),
  pollReport: z
    .object({ ...pollFigures, from: time.nullable(), to: time, complete: z.boolean(), error: failure.nullable() })
    .meta({ id: 'PollReport' }),
  auditEntry: z
    .object({
      seq: z.string(),
      hash: z.string(),
      at: time,
      kind: z.string(),
      actor: z.string(),
      subject: z.string(),
      runId: uuid.nullable(),
      tenantId: uuid,
      details: z.record(z.string(), z.unknown()),
    })
    .meta({ id: 'AuditEntry' }),
  stats: z
    .object({
      deliveries: z.object({ accepted: count, duplicates: count, rejected: count, rejectedAudited: count }),
      runs: z.record(z.string(), count),
      connections: z.record(z.string(), count),
    })
    .meta({ id: 'Stats' }),
} as const;
