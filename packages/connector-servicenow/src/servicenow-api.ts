import { ActionError, type CallContext, type HttpResponse } from '@org/connector-sdk';
import * as z from 'zod';
import { type ServiceNowConfig, trimTrailingSlash } from './config.ts';
import { queryValue } from './field-guards.ts';
import { type IncidentRecord, incidentFields, incidentRecord } from './incident-record.ts';
import { brokenWrite, failureOf } from './servicenow-errors.ts';

export type ServiceNowContext = CallContext<ServiceNowConfig>;

export type TableName = 'incident' | 'sys_user_grmember' | 'sys_journal_field';

const incidentQuery = { sysparm_fields: incidentFields.join(','), sysparm_display_value: 'all' };

/** Reads an incident by sys_id. Throws `SERVICENOW_*`. */
export async function readIncident(ctx: ServiceNowContext, sysId: string): Promise<IncidentRecord> {
  const response = await ctx.http.request({ url: tableUrl(ctx, 'incident', sysId), query: incidentQuery });
  if (response.status !== 200) throw failureOf(response, 'read', `incident ${sysId}`);
  return response.json(z.object({ result: incidentRecord })).result;
}

/** Reads an incident by number. Throws `SERVICENOW_*`. */
export async function findIncident(ctx: ServiceNowContext, number: string): Promise<IncidentRecord> {
  const query = { ...incidentQuery, sysparm_query: `number=${queryValue(number)}`, sysparm_limit: 2 };
  const response = await ctx.http.request({ url: tableUrl(ctx, 'incident'), query });
  if (response.status !== 200) throw failureOf(response, 'read', `incident ${number}`);
  // The platform drops a condition it does not understand and then answers with other records.
  const found = response
    .json(z.object({ result: z.array(incidentRecord) }))
    .result.filter((record) => record.number.value === number);
  const [first] = found;
  if (first && found.length === 1) return first;
  throw new ActionError(
    first ? 'SERVICENOW_NOT_UNIQUE' : 'SERVICENOW_NOT_FOUND',
    first
      ? `the number ${number} stands for several incidents: use the sys_id`
      : `incident ${number} does not exist or is hidden from the integration user: check the number and its roles`,
    { details: { number } },
  );
}

/**
 * Changes fields of an incident and gives it back as stored. The caller has read it before.
 *
 * @throws ActionError `ACTION_OUTCOME_UNKNOWN` when the request left and no usable answer came | `SERVICENOW_*`
 */
export async function patchIncident(
  ctx: ServiceNowContext,
  sysId: string,
  values: Readonly<Record<string, string>>,
): Promise<IncidentRecord> {
  const subject = `incident ${sysId}`;
  let response: HttpResponse;
  try {
    const url = tableUrl(ctx, 'incident', sysId);
    response = await ctx.http.request({ method: 'PATCH', url, query: incidentQuery, json: values });
  } catch (error) {
    throw brokenWrite(error, subject);
  }
  if (response.status !== 200) throw failureOf(response, 'write', subject);
  try {
    return response.json(z.object({ result: incidentRecord })).result;
  } catch (error) {
    throw brokenWrite(error, subject);
  }
}

export interface RowQuery {
  /** An encoded query made of guarded values. */
  readonly query: string;
  readonly fields: readonly string[];
  readonly limit: number;
  readonly offset?: number;
}

/** One page of a table, raw values. `total` counts before ACLs hide rows; undefined when the instance did not say. Throws `SERVICENOW_*`. */
export async function listRows(
  ctx: ServiceNowContext,
  table: TableName,
  { query, fields, limit, offset }: RowQuery,
): Promise<{ readonly response: HttpResponse; readonly total: number | undefined }> {
  const response = await ctx.http.request({
    url: tableUrl(ctx, table),
    query: {
      sysparm_query: query,
      sysparm_fields: fields.join(','),
      sysparm_exclude_reference_link: true,
      sysparm_limit: limit,
      sysparm_offset: offset,
    },
  });
  if (response.status !== 200) throw failureOf(response, 'read', `table ${table}`);
  const total = response.headers['x-total-count'] ?? '';
  return { response, total: /^\d{1,9}$/.test(total) ? Number(total) : undefined };
}

/** Where a person opens the incident. */
export function incidentPage(config: ServiceNowConfig, sysId: string): string {
  return `${trimTrailingSlash(config.instanceUrl)}/nav_to.do?uri=incident.do%3Fsys_id%3D${sysId}`;
}

function tableUrl({ config }: ServiceNowContext, table: TableName, sysId?: string): string {
  return `${trimTrailingSlash(config.instanceUrl)}/api/now/table/${table}${sysId === undefined ? '' : `/${sysId}`}`;
}
