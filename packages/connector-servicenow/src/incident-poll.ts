import { ActionError, type PollContext, type PollResult } from '@org/connector-sdk';
import * as z from 'zod';
import type { ServiceNowConfig } from './config.ts';
import { queryValue, sysId } from './field-guards.ts';
import { type IncidentEvent, readDetails } from './incident-delivery.ts';
import { listRows } from './servicenow-api.ts';
import { formatSysTime, parseSysTime } from './sys-time.ts';

const PAGE = 200;
const OVERLAP_SECONDS = 120;

/**
 * Where the sweep stands. `afterId` set: continue right behind that record. Empty: a new sweep, which reaches back by the
 * overlap. `skip`: rows after the position that an ACL hides, so that a page without a visible row still moves on.
 */
const position = z.strictObject({
  updatedOn: z.iso.datetime(),
  afterId: sysId.or(z.literal('')),
  skip: z.int().min(0),
});
type Position = z.infer<typeof position>;

const row = z.object({
  sys_id: z.string(),
  number: z.string(),
  sys_mod_count: z.string(),
  sys_updated_on: z.string(),
  short_description: z.string().optional(),
  priority: z.string().optional(),
  state: z.string().optional(),
  category: z.string().optional(),
});

const fields = Object.keys(row.shape);

/** One page of incidents in the order of (sys_updated_on, sys_id), all in UTC. The first poll only finds where "now" is. */
export async function pollIncidents(
  ctx: PollContext<ServiceNowConfig>,
  cursor: string | undefined,
): Promise<PollResult<IncidentEvent>> {
  if (cursor === undefined) return { events: [], cursor: writePosition(await findNewest(ctx)), more: false };
  const from = readPosition(cursor);
  const { response, total } = await listRows(ctx, 'incident', {
    query: pageQuery(from),
    fields,
    limit: PAGE,
    offset: from.skip,
  });
  const { result } = response.json(z.object({ result: z.array(row) }));
  const last = result.at(-1);
  const lastTime = last && parseSysTime(last.sys_updated_on);
  // A short page is no end: ACLs hide rows after the page was cut.
  const more = total === undefined ? result.length === PAGE : total > from.skip + PAGE;
  const seen = { updatedOn: lastTime ?? from.updatedOn, afterId: last?.sys_id ?? from.afterId };
  const next = more
    ? { ...seen, skip: last ? 0 : from.skip + PAGE }
    : { updatedOn: seen.updatedOn, afterId: '', skip: 0 };
  return { events: result.flatMap(toEvent), cursor: writePosition(next), more };
}

async function findNewest(ctx: PollContext<ServiceNowConfig>): Promise<Position> {
  const { response } = await listRows(ctx, 'incident', {
    query: 'ORDERBYDESCsys_updated_on',
    fields: ['sys_updated_on'],
    limit: 1,
  });
  const { result } = response.json(z.object({ result: z.array(z.object({ sys_updated_on: z.string() })) }));
  const newest = parseSysTime(result[0]?.sys_updated_on ?? '') ?? new Date().toISOString();
  return { updatedOn: newest, afterId: '', skip: 0 };
}

/** `^OR` binds to the condition before it: (time ≥ t) and (time > t or id > last). */
function pageQuery({ updatedOn, afterId }: Position): string {
  const order = 'ORDERBYsys_updated_on^ORDERBYsys_id';
  const time = Date.parse(updatedOn);
  if (afterId === '') return `sys_updated_on>=${formatSysTime(time - OVERLAP_SECONDS * 1000)}^${order}`;
  const at = queryValue(formatSysTime(time));
  return `sys_updated_on>=${at}^sys_updated_on>${at}^ORsys_id>${queryValue(afterId)}^${order}`;
}

function toEvent({ sys_id, number, sys_mod_count, sys_updated_on, ...record }: z.infer<typeof row>): IncidentEvent[] {
  const updatedOn = parseSysTime(sys_updated_on);
  const modCount = Number(sys_mod_count);
  if (updatedOn === undefined || !Number.isInteger(modCount)) return [];
  const operation = modCount === 0 ? 'insert' : 'update';
  return [{ sysId: sys_id, number, operation, modCount, updatedOn, changedFields: [], ...readDetails(record) }];
}

function writePosition(at: Position): string {
  return JSON.stringify(at);
}

function readPosition(cursor: string): Position {
  let value: unknown;
  try {
    value = JSON.parse(cursor);
  } catch {
    value = undefined;
  }
  const parsed = position.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ActionError('SERVICENOW_CURSOR_INVALID', 'the polling cursor is not one of this connector: reset it');
}
