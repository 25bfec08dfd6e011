import { ActionError, type Resolution } from '@org/connector-sdk';
import type { IncidentField, IncidentRecord } from './incident-record.ts';
import { readVersion } from './incident-record.ts';
import { patchIncident, readIncident, type ServiceNowContext } from './servicenow-api.ts';

const CLOSED = '7';

export type IncidentValues = Readonly<Partial<Record<IncidentField, string>>>;

export interface IncidentChange {
  readonly sysId: string;
  /** Refuse when the record has another `sys_mod_count`. The Table API has no conditional write: this is checked just before. */
  readonly expectedModCount?: number | undefined;
  readonly values: IncidentValues;
  /** Further refusals, given the record as it stands. */
  check?(before: IncidentRecord): Promise<void>;
}

/**
 * Changes fields of an open incident: reads it, refuses what must not be overwritten, writes, and compares what is stored
 * with what was asked, because the instance drops fields that the user may not write without saying so.
 *
 * @throws ActionError `SERVICENOW_INCIDENT_CLOSED` | `SERVICENOW_RECORD_CHANGED` | `SERVICENOW_CHANGE_DROPPED` | `ACTION_OUTCOME_UNKNOWN` | …
 */
export async function changeIncident(
  ctx: ServiceNowContext,
  { sysId, expectedModCount, values, check }: IncidentChange,
): Promise<{ readonly before: IncidentRecord; readonly after: IncidentRecord }> {
  const before = await readIncident(ctx, sysId);
  const number = before.number.value;
  if (before.state.value === CLOSED) {
    throw new ActionError('SERVICENOW_INCIDENT_CLOSED', `${number} is closed: reopen it or raise a new incident`, {
      details: { number },
    });
  }
  const { modCount } = readVersion(before);
  if (expectedModCount !== undefined && expectedModCount !== modCount) {
    throw new ActionError('SERVICENOW_RECORD_CHANGED', `${number} was changed since it was read: read it again`, {
      details: { number, expectedModCount, modCount },
    });
  }
  await check?.(before);
  const after = await patchIncident(ctx, sysId, values);
  const dropped = findDifferences(after, values);
  if (dropped.length > 0) {
    throw new ActionError(
      'SERVICENOW_CHANGE_DROPPED',
      `the instance did not keep ${dropped.join(', ')} of ${number}: check the user's write roles and the business rules`,
      { details: { number, fields: dropped } },
    );
  }
  return { before, after };
}

/** Whether an earlier attempt took effect: the record holds the intended values, whoever wrote them. */
export async function resolveChange<Output>(
  ctx: ServiceNowContext,
  { sysId, values }: IncidentChange,
  toOutput: (after: IncidentRecord) => Output,
): Promise<Resolution<Output>> {
  const after = await readIncident(ctx, sysId);
  if (findDifferences(after, values).length > 0) return { outcome: 'not-applied' };
  return { outcome: 'applied', output: toOutput(after) };
}

function findDifferences(record: IncidentRecord, values: IncidentValues): string[] {
  return Object.entries(values)
    .filter(([field, value]) => Object.entries(record).some(([name, held]) => name === field && held.value !== value))
    .map(([field]) => field);
}
