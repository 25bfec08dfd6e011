import { ActionError, type Delivery } from '@org/connector-sdk';
import * as z from 'zod';
import { recordNumber, sysId } from './field-guards.ts';
import { parseSysTime } from './sys-time.ts';

export interface IncidentEvent {
  readonly sysId: string;
  readonly number: string;
  readonly operation: 'insert' | 'update';
  readonly modCount: number;
  readonly updatedOn: string;
  readonly changedFields: string[];
  readonly shortDescription?: string;
  readonly priority?: string;
  readonly state?: string;
  readonly category?: string;
}

const count = z.union([z.int().min(0), z.string().regex(/^\d{1,9}$/)]).transform(Number);

const message = z.object({
  table: z.string(),
  operation: z.string(),
  sys_id: sysId,
  number: recordNumber,
  sys_mod_count: count,
  sys_updated_on: z.string(),
  changed_fields: z.array(z.string().max(80)).max(500).optional(),
  record: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The event in a message of the instance's business rule; none for other tables and operations.
 *
 * @throws ActionError `SERVICENOW_DELIVERY_INVALID` | `DELIVERY_NOT_JSON`
 */
export function parseIncidentChange(delivery: Delivery): IncidentEvent[] {
  const parsed = message.safeParse(delivery.json());
  if (!parsed.success) throw invalid(parsed.error.issues[0]?.path.join('.') ?? '');
  const { table, operation, sys_id, number, sys_mod_count, sys_updated_on, changed_fields, record } = parsed.data;
  if (table !== 'incident' || (operation !== 'insert' && operation !== 'update')) return [];
  const updatedOn = parseSysTime(sys_updated_on);
  if (updatedOn === undefined) throw invalid('sys_updated_on');
  return [
    {
      sysId: sys_id,
      number,
      operation,
      modCount: sys_mod_count,
      updatedOn,
      changedFields: changed_fields ?? [],
      ...readDetails(record ?? {}),
    },
  ];
}

/** What is told about the record beyond its identity, by webhook and by poll alike. */
export function readDetails(record: Readonly<Record<string, unknown>>) {
  const { short_description, priority, state, category } = record;
  return {
    ...(typeof short_description === 'string' ? { shortDescription: short_description } : {}),
    ...(typeof priority === 'string' ? { priority } : {}),
    ...(typeof state === 'string' ? { state } : {}),
    ...(typeof category === 'string' ? { category } : {}),
  };
}

function invalid(field: string): ActionError {
  return new ActionError(
    'SERVICENOW_DELIVERY_INVALID',
    `the message of the instance does not fit at ${field || 'its top'}: install the business rule of this release`,
    { details: { field } },
  );
}
