import { defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { choiceValue } from '../field-guards.ts';
import { changeIncident, type IncidentChange, resolveChange } from '../incident-change.ts';
import { choice, type IncidentRecord } from '../incident-record.ts';
import { describeWritten, requireBefore, writeTarget, writtenIncident } from '../written-incident.ts';

const input = z
  .strictObject({
    ...writeTarget,
    category: choiceValue.nullable().describe('The stored value of the category, such as `software`; null clears it.'),
    subcategory: choiceValue
      .nullable()
      .optional()
      .describe('The stored value of a subcategory of it; null clears it; absent leaves it.'),
  })
  .meta({ examples: [{ sysId: '9d385017c611228701d22104cc95c371', category: 'software', subcategory: null }] });
type Input = z.infer<typeof input>;

const categories = z.object({
  category: choice.describe('The category; empty when none.'),
  subcategory: choice.describe('The subcategory; empty when none.'),
});

export const updateCategory = defineAction({
  title: 'Update the category',
  description: 'Files an open incident under another category and subcategory.',
  effect: 'write',
  risk: 'low',
  scopes: ['incident.write', 'incident.read'],
  config,
  idempotency: { mode: 'natural' },
  input,
  output: z.object({
    ...writtenIncident,
    before: categories.nullable().describe('Before the change; null when the answer was lost.'),
    after: categories.describe('As stored.'),
  }),
  reversible: {
    undo: ({ input, output }) => {
      const before = requireBefore(output.before);
      return {
        sysId: input.sysId,
        category: before.category.value || null,
        subcategory: before.subcategory.value || null,
      };
    },
  },
  async run(ctx) {
    const { before, after } = await changeIncident(ctx, planChange(ctx.input));
    return { ...describeWritten(after), before: readCategories(before), after: readCategories(after) };
  },
  resolve(ctx) {
    return resolveChange(ctx, planChange(ctx.input), (after) => ({
      ...describeWritten(after),
      before: null,
      after: readCategories(after),
    }));
  },
});

function planChange({ sysId, expectedModCount, category, subcategory }: Input): IncidentChange {
  return {
    sysId,
    expectedModCount,
    values: { category: category ?? '', ...(subcategory === undefined ? {} : { subcategory: subcategory ?? '' }) },
  };
}

function readCategories({ category, subcategory }: IncidentRecord) {
  return { category, subcategory };
}
