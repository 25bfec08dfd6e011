import { defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { changeIncident, type IncidentChange, resolveChange } from '../incident-change.ts';
import { choice, type IncidentRecord } from '../incident-record.ts';
import { describeWritten, requireBefore, writeTarget, writtenIncident } from '../written-incident.ts';

const level = z.enum(['1', '2', '3']);

const input = z
  .strictObject({
    ...writeTarget,
    impact: level.describe('How much is hit: 1 high, 2 medium, 3 low.'),
    urgency: level.describe('How soon it must be solved: 1 high, 2 medium, 3 low.'),
  })
  .meta({ examples: [{ sysId: '9d385017c611228701d22104cc95c371', expectedModCount: 3, impact: '1', urgency: '2' }] });
type Input = z.infer<typeof input>;

const levels = z.object({
  impact: choice.describe('1 high to 3 low.'),
  urgency: choice.describe('1 high to 3 low.'),
  priority: choice.describe('1 critical to 5 planning.'),
});

export const updatePriority = defineAction({
  title: 'Update the priority',
  description: 'Sets impact and urgency of an open incident. The instance derives the priority from them.',
  effect: 'write',
  risk: 'medium',
  scopes: ['incident.write', 'incident.read'],
  config,
  idempotency: { mode: 'natural' },
  input,
  output: z.object({
    ...writtenIncident,
    before: levels.nullable().describe('Before the change; null when the answer was lost.'),
    after: levels.describe('As stored, with the priority that the instance derived.'),
  }),
  reversible: {
    undo: ({ input, output }) => {
      const before = requireBefore(output.before);
      return {
        sysId: input.sysId,
        impact: level.parse(before.impact.value),
        urgency: level.parse(before.urgency.value),
      };
    },
  },
  async run(ctx) {
    const { before, after } = await changeIncident(ctx, planChange(ctx.input));
    return { ...describeWritten(after), before: readLevels(before), after: readLevels(after) };
  },
  resolve(ctx) {
    return resolveChange(ctx, planChange(ctx.input), (after) => ({
      ...describeWritten(after),
      before: null,
      after: readLevels(after),
    }));
  },
});

function planChange({ sysId, expectedModCount, impact, urgency }: Input): IncidentChange {
  return { sysId, expectedModCount, values: { impact, urgency } };
}

function readLevels({ impact, urgency, priority }: IncidentRecord) {
  return { impact, urgency, priority };
}
