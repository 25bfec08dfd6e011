import { VERSION_PATTERN } from '@org/connector-artifact';
import { z } from 'zod';
import { RULE_NAME } from '../../types/approval-rule.ts';
import { adminRoles } from '../../types/roles.ts';

/** What the admin API takes, by operation. Strict: a misspelt field is refused, not ignored. */

/** Text that every table can hold: no control character, no half of a surrogate pair. */
const plain = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'holds characters that cannot be kept');
const name = plain(100).trim().min(1);
const secretReference = z.strictObject({ ref: z.string().min(1).max(2000) });
const secrets = z.record(z.string().max(100), z.union([z.string().max(100_000), secretReference]));
const actor = plain(200);
const seconds = z.int().min(1).max(2_592_000);
const ruleName = z.string().regex(RULE_NAME);
const endpointSecret = z.string().max(1000).optional();
/** Up to 30 days; a day when left out. */
const overlapSeconds = z.int().min(0).max(2_592_000).default(86_400);

/** Lower case, as the database shows them. */
export const uuid = z.uuid().toLowerCase();

/** A part of the path that names something. */
export const pathText = plain(500);

export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

export const limit = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) });

export const runStatus = z.enum([
  'queued',
  'running',
  'waiting',
  'diverged',
  'cancelling',
  'completed',
  'denied',
  'failed',
  'cancelled',
]);

export const deliveryOutcome = z.enum(['events', 'duplicate-events', 'no-trigger', 'decision', 'no-decision']);
/** Whose policy text: the tenant's, or this workspace's. */
const scope = z.strictObject({ workspaceId: uuid.optional() });
const policyText = scope.extend({ text: z.string().max(200_000) });
const version = z.int().min(1).max(2_147_483_647);
/** Of a text that is written on the ground of this version; 0: of none. */
const writing = { expectedVersion: z.int().min(0).max(2_147_483_647).optional() };

export const requests = {
  createTenant: z.strictObject({ name }),
  createWorkspace: z.strictObject({ name }),
  setApprovalRule: z.strictObject({
    connectionId: uuid,
    channel: z.string().min(1).max(100),
    target: z.unknown(),
    approvers: z.array(actor).max(500),
    groups: z.array(actor).max(20).optional().describe('as the channel names them; asked for at the click'),
    quorum: z.int().min(1).max(20).optional().describe('how many people have to approve; 1 when left out'),
    samePerson: z
      .array(z.array(actor).min(2).max(10))
      .max(500)
      .optional()
      .describe('names of one person, in each list: they count once'),
    requesterMayApprove: z.boolean().optional(),
    expiresInSeconds: seconds,
    reminders: z
      .strictObject({ afterSeconds: seconds.min(60), times: z.int().min(1).max(20) })
      .optional()
      .describe('after so long, and again after as long, at most so often'),
    escalation: z
      .strictObject({ afterSeconds: seconds, rule: ruleName })
      .optional()
      .describe('asked in addition under another rule, when still open then'),
  }),
  addArtifact: z.strictObject({ path: z.string().min(1).max(4096) }),
  enable: z.strictObject({ digest }),
  setVersionFloor: z.strictObject({ version: z.string().max(64).regex(VERSION_PATTERN), reason: plain(500) }),
  createConnection: z.strictObject({
    workspaceId: uuid,
    name,
    connector: z.string().min(1).max(100),
    config: z.record(z.string(), z.unknown()),
    auth: z.string().min(1).max(100),
    secrets,
  }),
  replaceCredential: z.strictObject({ secrets }),
  setRateLimit: z.strictObject({
    requestsPerMinute: z.int().min(1).max(1_000_000).nullable(),
    concurrency: z.int().min(1).max(10_000).nullable(),
  }),
  authorizeConnection: z.strictObject({ browser: z.string().min(32).max(200).optional() }),
  listConnections: limit.extend({ status: z.enum(['ready', 'reauth_required', 'disabled']).optional() }),
  deleteConnection: z.strictObject({ force: z.enum(['true', 'false']).optional() }),
  createEndpoint: z.strictObject({
    connectionId: uuid,
    purpose: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('trigger'), name: z.string().min(1).max(100) }),
      z.strictObject({ kind: z.literal('approval'), name: z.string().min(1).max(100) }),
    ]),
    secret: endpointSecret,
  }),
  rotateAddress: z.strictObject({ overlapSeconds }),
  rotateSecret: z.strictObject({ overlapSeconds, secret: endpointSecret }),
  setPolicy: policyText.extend(writing),
  rollbackPolicy: scope.extend({ version, ...writing }),
  readPolicy: scope.extend({ version: z.coerce.number().pipe(version).optional() }),
  listPolicyVersions: limit.extend({ ...scope.shape, before: z.coerce.number().pipe(version).optional() }),
  validatePolicy: policyText,
  simulatePolicy: z.strictObject({
    ...scope.shape,
    text: policyText.shape.text.optional(),
    connector: z.string().min(1).max(100).optional(),
    digest: digest.optional(),
    workflow: plain(200).optional(),
    days: z.int().min(1).max(90).optional(),
    limit: z.int().min(1).max(500).default(100),
    after: z.strictObject({ runId: uuid, stepKey: plain(500) }).optional(),
  }),
  setReferencePolicy: z.strictObject({ policy: z.unknown() }),
  settleStep: z.discriminatedUnion('status', [
    z.strictObject({ status: z.literal('applied'), output: z.unknown(), reason: plain(500).optional() }),
    z.strictObject({ status: z.literal('not-applied'), reason: plain(500).optional() }),
  ]),
  createToken: z.strictObject({
    // Part of an actor's name, so one that is read in one way only.
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
    roles: z.array(z.enum(adminRoles)).min(1).max(adminRoles.length),
    expiresInSeconds: z.int().min(60).max(31_622_400).default(7_776_000),
  }),
  cancelRun: z.strictObject({ reason: plain(500).optional() }),
  listRuns: limit.extend({
    status: runStatus.optional(),
    before: uuid.optional(),
  }),
  decideApproval: z.strictObject({ decision: z.enum(['approved', 'denied']) }),
  listDeliveries: limit.extend({
    status: z.enum(['pending', 'done', 'dead']).optional(),
    outcome: deliveryOutcome.optional(),
    endpointId: uuid.optional(),
    before: uuid.optional(),
  }),
  replayDeliveries: z.strictObject({ limit: z.int().min(1).max(1000).default(1000) }),
  listAudit: limit.extend({
    before: z
      .string()
      .regex(/^[1-9]\d{0,17}$/)
      .optional(),
    kind: z
      .string()
      .regex(/^[a-z][a-z._-]{0,99}$/)
      .optional()
      .describe('only entries of this kind: `action.applied`'),
  }),
  readStats: z.strictObject({ tenantId: uuid.optional() }),
} as const;
