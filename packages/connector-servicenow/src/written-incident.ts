import { ActionError } from '@org/connector-sdk';
import * as z from 'zod';
import { sysId } from './field-guards.ts';
import { type IncidentRecord, readVersion } from './incident-record.ts';

/** Which incident a write is for, and which version of it. */
export const writeTarget = {
  sysId: sysId.describe('The sys_id of the incident.'),
  expectedModCount: z
    .int()
    .min(0)
    .max(999_999_999)
    .optional()
    .describe('Refuse when the incident was changed since it had this modCount.'),
};

/** What every write says about the incident it changed. */
export const writtenIncident = {
  sysId: z.string().describe('The sys_id.'),
  number: z.string().describe('The number people use.'),
  updatedOn: z.iso.datetime().describe('When the change was stored, UTC.'),
  modCount: z.int().describe('The version after the change.'),
};

export function describeWritten(record: IncidentRecord) {
  return { sysId: record.sys_id.value, number: record.number.value, ...readVersion(record) };
}

/** The preimage that an undo restores. Throws `SERVICENOW_BEFORE_UNKNOWN` when only the effect of a lost attempt was seen. */
export function requireBefore<Before>(before: Before | null): Before {
  if (before !== null) return before;
  throw new ActionError(
    'SERVICENOW_BEFORE_UNKNOWN',
    'the answer to this change was lost, so what stood there before is not known: restore it by hand',
  );
}
