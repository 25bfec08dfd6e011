import { ActionError, type HttpResponse, type PollContext, type PollResult } from '@org/connector-sdk';
import * as z from 'zod';
import type { ServiceNowConfig } from './config.ts';
import { queryValue, sysId } from './field-guards.ts';
import { type IncidentEvent, readDetails } from './incident-delivery.ts';
import { listRows } from './servicenow-api.ts';
import { formatSysTime, parseSysTime } from './sys-time.ts';

const PAGE = 200;

/** Not what the connector changed itself: a workflow that writes to the incident would start itself again, for ever. */
const BY_OTHERS = 'sys_updated_by!=javascript:gs.getUserName()';
/** In a span without a visible row, so many rows may leave it between two pages. */
const SLACK = 50;

/** A transaction may take so long until its rows, stamped when they were written, are seen by others. */
export const OVERLAP_SECONDS = 120;

/**
 * Where the sweep stands. `afterId` set: continue right behind that record. Empty: a new sweep, which reaches back by the
 * overlap. `skip`: rows after the position that an ACL hides, so that a page without a visible row still moves on.
 */
const position = z.strictObject({
  updatedOn: z.iso.datetime(),
  afterId: sysId.or(z.literal('')),
  skip: z.int().min(0),
  /** What was changed before polling began is no event. */
  since: z.iso.datetime().optional(),
  /** When this sweep began, by the instance's clock. */
  until: z.iso.datetime().optional(),
});
type Position = z.infer<typeof position>;

const row = z.object({
  sys_id: sysId,
  number: z.string().default(''),
  // Hidden by an ACL, these are missing or empty.
  sys_mod_count: z.string().default(''),
  sys_updated_on: z.string().default(''),
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
  const incidents = result.flatMap(toEvent);
  if (incidents.length < result.length) reportUnread(ctx, result.length, incidents.length);
  const { next, more } = advance(from, incidents.at(-1), {
    isLast: !hasMore(response, total, from.skip, result.length),
    now: instanceTime(response),
  });
  return { events: incidents, cursor: writePosition(next), more };
}

/**
 * Behind what the page showed. A sweep ends with its last page, or where it reaches what was changed after it began: late
 * rows are only found by beginning anew, and on a busy instance there is always another page.
 */
function advance(
  { since, ...from }: Position,
  last: IncidentEvent | undefined,
  { isLast, now }: { readonly isLast: boolean; readonly now: string | undefined },
): { readonly next: Position; readonly more: boolean } {
  const until = from.afterId === '' && from.skip === 0 ? now : from.until;
  const at = last
    ? { updatedOn: last.updatedOn, afterId: last.sysId, skip: 0 }
    : { updatedOn: from.updatedOn, afterId: from.afterId, skip: from.skip + PAGE - SLACK };
  if (!isLast && (until === undefined || at.updatedOn <= until)) {
    return { next: { ...at, since, until }, more: true };
  }
  // A row that is stamped with a time to come would hide everything until then.
  const updatedOn = earlier(at.updatedOn, now);
  return {
    next: { updatedOn, afterId: '', skip: 0, since },
    more: !isLast && updatedOn === at.updatedOn,
  };
}

/** A short page is no end: ACLs hide rows after the page was cut, and the count includes them. */
function hasMore({ headers }: HttpResponse, total: number | undefined, skip: number, length: number): boolean {
  if (total !== undefined) return total > skip + PAGE;
  return length > 0 || /rel="?next\b/.test(headers.link ?? '');
}

async function findNewest(ctx: PollContext<ServiceNowConfig>): Promise<Position> {
  const { response } = await listRows(ctx, 'incident', {
    query: 'ORDERBYDESCsys_updated_on',
    fields: ['sys_updated_on'],
    limit: 1,
  });
  const { result } = response.json(z.object({ result: z.array(z.object({ sys_updated_on: z.string().optional() })) }));
  const now = instanceTime(response);
  const newest = parseSysTime(result[0]?.sys_updated_on ?? '');
  if (newest === undefined) return { updatedOn: now ?? new Date().toISOString(), afterId: '', skip: 0 };
  const updatedOn = earlier(newest, now);
  // Its second is over, and what was stamped with it is of the past; or it is not, and more may come.
  const isOver = now !== undefined && now > newest;
  return { updatedOn, afterId: '', skip: 0, since: isOver ? formatNextSecond(newest) : updatedOn };
}

/** `^OR` binds to the condition before it: (time ≥ t) and (time > t or id > last). */
function pageQuery({ updatedOn, afterId, since }: Position): string {
  const order = 'ORDERBYsys_updated_on^ORDERBYsys_id';
  const time = Date.parse(updatedOn);
  if (afterId === '') {
    const start = Math.max(time - OVERLAP_SECONDS * 1000, since === undefined ? 0 : Date.parse(since));
    return `${BY_OTHERS}^sys_updated_on>=${formatSysTime(start)}^${order}`;
  }
  const at = queryValue(formatSysTime(time));
  return `${BY_OTHERS}^sys_updated_on>=${at}^sys_updated_on>${at}^ORsys_id>${queryValue(afterId)}^${order}`;
}

/** None for a record whose version an ACL hides: like one that is hidden altogether. */
function toEvent({ sys_id, number, sys_mod_count, sys_updated_on, ...record }: z.infer<typeof row>): IncidentEvent[] {
  const updatedOn = parseSysTime(sys_updated_on);
  if (updatedOn === undefined || !/^\d{1,9}$/.test(sys_mod_count)) return [];
  const modCount = Number(sys_mod_count);
  const operation = modCount === 0 ? 'insert' : 'update';
  return [{ sysId: sys_id, number, operation, modCount, updatedOn, changedFields: [], ...readDetails(record) }];
}

/** Of some records it may be meant; of all of them it is a mistake, and nothing would ever be found. */
function reportUnread(ctx: PollContext<ServiceNowConfig>, rows: number, read: number): void {
  const what = 'incidents came without sys_updated_on or sys_mod_count: let the integration user read them';
  if (read === 0) throw new ActionError('SERVICENOW_FIELD_HIDDEN', what);
  ctx.log.warn(what, { incidents: rows - read });
}

/** What the answer says the time is there, in whole seconds. */
function instanceTime({ headers }: HttpResponse): string | undefined {
  const time = Date.parse(headers.date ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function earlier(time: string, now: string | undefined): string {
  return now !== undefined && now < time ? now : time;
}

function formatNextSecond(time: string): string {
  return new Date(Date.parse(time) + 1000).toISOString();
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
