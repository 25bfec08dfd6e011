import { ActionError, defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { queryValue, sysId } from '../field-guards.ts';
import { changeIncident, type IncidentChange, resolveChange } from '../incident-change.ts';
import { type IncidentRecord, reference, toReference } from '../incident-record.ts';
import { listRows, type ServiceNowContext } from '../servicenow-api.ts';
import { describeWritten, requireBefore, writeTarget, writtenIncident } from '../written-incident.ts';

const input = z
  .strictObject({
    ...writeTarget,
    assignmentGroup: sysId.nullable().optional().describe('The sys_id of the group; null clears it; absent leaves it.'),
    assignedTo: sysId
      .nullable()
      .optional()
      .describe('The sys_id of the user, a member of the group; null clears it; absent leaves it.'),
  })
  .meta({
    examples: [
      {
        sysId: '9d385017c611228701d22104cc95c371',
        assignmentGroup: '8a4dde73c6112278017a6a4baf547aa7',
        assignedTo: null,
      },
    ],
  });
type Input = z.infer<typeof input>;

const assignment = z.object({
  assignmentGroup: reference.nullable().describe('The group; null when none.'),
  assignedTo: reference.nullable().describe('The user; null when none.'),
});

export const updateAssignment = defineAction({
  title: 'Update the assignment',
  description: 'Gives an open incident to a group, to one of its members, or to both.',
  effect: 'write',
  risk: 'medium',
  scopes: ['incident.write', 'incident.read'],
  config,
  idempotency: { mode: 'natural' },
  input,
  output: z.object({
    ...writtenIncident,
    before: assignment.nullable().describe('The assignment before; null when the answer was lost.'),
    after: assignment.describe('The assignment as stored.'),
  }),
  reversible: {
    undo: ({ input, output }) => {
      const before = requireBefore(output.before);
      return {
        sysId: input.sysId,
        assignmentGroup: before.assignmentGroup?.id ?? null,
        assignedTo: before.assignedTo?.id ?? null,
      };
    },
  },
  async run(ctx) {
    const { before, after } = await changeIncident(ctx, planChange(ctx, ctx.input));
    return { ...describeWritten(after), before: readAssignment(before), after: readAssignment(after) };
  },
  resolve(ctx) {
    return resolveChange(ctx, planChange(ctx, ctx.input), (after) => ({
      ...describeWritten(after),
      before: null,
      after: readAssignment(after),
    }));
  },
});

function planChange(ctx: ServiceNowContext, input: Input): IncidentChange {
  const { sysId, expectedModCount, assignmentGroup, assignedTo } = input;
  if (assignmentGroup === undefined && assignedTo === undefined) {
    throw new ActionError('SERVICENOW_NOTHING_TO_CHANGE', 'no assignment was given: set assignmentGroup or assignedTo');
  }
  return {
    sysId,
    expectedModCount,
    values: {
      ...(assignmentGroup === undefined ? {} : { assignment_group: assignmentGroup ?? '' }),
      ...(assignedTo === undefined ? {} : { assigned_to: assignedTo ?? '' }),
    },
    async check(before) {
      const group = assignmentGroup === undefined ? before.assignment_group.value : assignmentGroup;
      const user = assignedTo === undefined ? before.assigned_to.value : assignedTo;
      if (group && user) await requireMember(ctx, group, user);
    },
  };
}

/** The form offers members only; the API would take anybody. */
async function requireMember(ctx: ServiceNowContext, group: string, user: string): Promise<void> {
  const { response } = await listRows(ctx, 'sys_user_grmember', {
    query: `group=${queryValue(group)}^user=${queryValue(user)}`,
    fields: ['user', 'group'],
    limit: 1,
  });
  const row = z.object({ user: z.string(), group: z.string() });
  const { result } = response.json(z.object({ result: z.array(row) }));
  if (result.some((membership) => membership.group === group && membership.user === user)) return;
  throw new ActionError(
    'SERVICENOW_ASSIGNEE_NOT_IN_GROUP',
    'the user is no member of the assignment group: choose a member, or clear assignedTo with null',
    { details: { group, user } },
  );
}

function readAssignment(record: IncidentRecord) {
  return { assignmentGroup: toReference(record.assignment_group), assignedTo: toReference(record.assigned_to) };
}
