import { ActionError } from '@org/connector-sdk';
import * as z from 'zod';
import { parseSysTime } from './sys-time.ts';

/** A choice as stored and as people read it. */
export const choice = z.object({
  value: z.string().describe('The stored value.'),
  display: z.string().describe('The value in the language of the integration user.'),
});

/** A group or user that an incident points to. */
export const reference = z.object({
  id: z.string().describe('The sys_id.'),
  name: z.string().describe('The display name.'),
});

export type Choice = z.infer<typeof choice>;
export type Reference = z.infer<typeof reference>;

/** What is asked of the instance: `sysparm_fields`. */
export const incidentFields = [
  'sys_id',
  'number',
  'short_description',
  'description',
  'state',
  'priority',
  'impact',
  'urgency',
  'category',
  'subcategory',
  'assignment_group',
  'assigned_to',
  'sys_updated_on',
  'sys_mod_count',
] as const;

export type IncidentField = (typeof incidentFields)[number];
/** Raw and display value of every field; a field that an ACL hides is empty. */
export type IncidentRecord = Readonly<Record<IncidentField, Choice>>;

/** `sysparm_display_value=all` answers an object per field; hidden fields are missing. */
const field = z
  .union([z.string(), z.object({ value: z.string().nullish(), display_value: z.string().nullish() })])
  .nullish()
  .transform((answered): Choice => {
    if (typeof answered === 'string') return { value: answered, display: answered };
    const value = answered?.value ?? '';
    return { value, display: answered?.display_value ?? value };
  });

export const incidentRecord = z.object({
  sys_id: field,
  number: field,
  short_description: field,
  description: field,
  state: field,
  priority: field,
  impact: field,
  urgency: field,
  category: field,
  subcategory: field,
  assignment_group: field,
  assigned_to: field,
  sys_updated_on: field,
  sys_mod_count: field,
});

export function toReference({ value, display }: Choice): Reference | null {
  return value === '' ? null : { id: value, name: display };
}

/** What every output says about the record's version. Throws `SERVICENOW_FIELD_HIDDEN` when the instance keeps it back. */
export function readVersion(record: IncidentRecord): { updatedOn: string; modCount: number } {
  const updatedOn = parseSysTime(record.sys_updated_on.value);
  const count = record.sys_mod_count.value;
  if (updatedOn === undefined || !/^\d{1,9}$/.test(count)) {
    throw new ActionError(
      'SERVICENOW_FIELD_HIDDEN',
      `${record.number.value} came without sys_updated_on or sys_mod_count: let the integration user read them`,
    );
  }
  return { updatedOn, modCount: Number(count) };
}
