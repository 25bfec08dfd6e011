import { z } from 'zod';
import { uuid } from './requests.ts';

const count = z.int().nonnegative();
const time = z.iso.datetime();
const effect = z.enum(['allow', 'require-approval', 'deny']);
const change = z.enum(['none', 'loosened', 'tightened', 'rerouted']);
const changes = z.object({ loosened: count, tightened: count, rerouted: count });

const word = z
  .object({ effect, whenApproved: effect, policyIds: z.array(z.string()), rule: z.string().nullable() })
  .meta({ id: 'PolicyWord' });
const compared = { now: word, proposed: word, change };
const kind = { workspaceId: uuid, workflow: z.string(), action: z.string(), connectionId: uuid };
const cursor = z.object({ runId: uuid, stepKey: z.string() });

const version = z.object({
  version: z.int().positive(),
  textDigest: z.string(),
  setBy: z.string(),
  setAt: time,
  restores: z.int().positive().nullable(),
});
const warnings = z.array(z.object({ policyId: z.string(), message: z.string() }));

const history = z.object({
  since: time,
  invocations: count,
  unjudged: count,
  changes,
  groups: z.array(
    z.object({
      ...kind,
      connectionName: z.string(),
      connector: z.string(),
      invocations: count,
      decided: z.object({ allowed: count, approval: count, denied: count }),
      ...compared,
    }),
  ),
  changed: z.array(z.object({ ...kind, runId: uuid, stepKey: z.string(), at: time, decided: effect, ...compared })),
  next: cursor.nullable(),
});

/** What the admin API answers about policy. */
export const policyAnswers = {
  policy: version.extend({ text: z.string() }).meta({ id: 'Policy' }),
  policyVersion: version.meta({ id: 'PolicyVersion' }),
  policyWarnings: warnings,
  policySchema: z.object({ cedar: z.string(), json: z.record(z.string(), z.unknown()) }).meta({ id: 'PolicySchema' }),
  simulation: z
    .object({
      warnings,
      changes,
      actions: z.array(
        z.object({
          workspaceId: uuid,
          workflow: z.string(),
          connection: z.string(),
          action: z.string(),
          risk: z.enum(['low', 'medium', 'high', 'critical']),
          ...compared,
        }),
      ),
      omittedActions: count,
      history: history.nullable(),
    })
    .meta({ id: 'Simulation' }),
};
