import { defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { recordNumber, sysId } from '../field-guards.ts';
import { choice, readVersion, reference, toReference } from '../incident-record.ts';
import { findIncident, incidentPage, readIncident } from '../servicenow-api.ts';

const input = z
  .union([
    z.strictObject({ sysId: sysId.describe('The sys_id of the incident.') }),
    z.strictObject({ number: recordNumber.describe('The number of the incident, such as INC0010001.') }),
  ])
  .meta({ examples: [{ number: 'INC0010001' }, { sysId: '9d385017c611228701d22104cc95c371' }] });

export const getIncident = defineAction({
  title: 'Get an incident',
  description: 'Reads one incident by sys_id or by number, with stored and display values.',
  effect: 'read',
  risk: 'low',
  scopes: ['incident.read'],
  config,
  input,
  output: z.object({
    sysId: z.string().describe('The sys_id.'),
    number: z.string().describe('The number people use.'),
    shortDescription: z.string().describe('One line on what is wrong.'),
    description: z.string().describe('What the caller reported.'),
    state: choice.describe('1 new, 2 in progress, 3 on hold, 6 resolved, 7 closed, 8 canceled.'),
    priority: choice.describe('1 critical to 5 planning; derived by the instance from impact and urgency.'),
    impact: choice.describe('1 high to 3 low.'),
    urgency: choice.describe('1 high to 3 low.'),
    category: choice.describe('The category; empty when none is set.'),
    subcategory: choice.describe('The subcategory; empty when none is set.'),
    assignmentGroup: reference.nullable().describe('The group that works on it; null when none.'),
    assignedTo: reference.nullable().describe('The person who works on it; null when none.'),
    updatedOn: z.iso.datetime().describe('When it was last changed, UTC.'),
    modCount: z.int().describe('How often it was changed: give it to a write as expectedModCount.'),
    url: z.string().describe('Where a person opens it.'),
  }),
  async run(ctx) {
    const record =
      'sysId' in ctx.input ? await readIncident(ctx, ctx.input.sysId) : await findIncident(ctx, ctx.input.number);
    return {
      sysId: record.sys_id.value,
      number: record.number.value,
      shortDescription: record.short_description.value,
      description: record.description.value,
      state: record.state,
      priority: record.priority,
      impact: record.impact,
      urgency: record.urgency,
      category: record.category,
      subcategory: record.subcategory,
      assignmentGroup: toReference(record.assignment_group),
      assignedTo: toReference(record.assigned_to),
      ...readVersion(record),
      url: incidentPage(ctx.config, record.sys_id.value),
    };
  },
});
