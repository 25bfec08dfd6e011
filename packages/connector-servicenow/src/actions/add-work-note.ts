import { defineAction, isConnectorError } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { queryValue, sysId } from '../field-guards.ts';
import { listRows, patchIncident } from '../servicenow-api.ts';
import { outcomeUnknown } from '../servicenow-errors.ts';
import { parseSysTime } from '../sys-time.ts';
import { writtenIncident } from '../written-incident.ts';

const input = z
  .strictObject({
    sysId: sysId.describe('The sys_id of the incident.'),
    note: z
      .string()
      .min(1)
      .max(4000)
      .describe('Plain text, seen by those who work on the incident, not by its caller.'),
  })
  .meta({ examples: [{ sysId: '9d385017c611228701d22104cc95c371', note: 'The last release changed the timeout.' }] });

const output = z.object({
  sysId: writtenIncident.sysId,
  reference: z.string().describe('What the note ends with, to find it again.'),
  addedOn: z.iso.datetime().describe('When the note was stored, UTC.'),
});

export const addWorkNote = defineAction({
  title: 'Add a work note',
  description:
    'Writes an internal note into the journal of an incident, with a reference that keeps it from being written twice.',
  effect: 'write',
  risk: 'low',
  scopes: ['incident.write', 'journal.read'],
  config,
  // ServiceNow's transaction quota lets a request that was not answered finish up to 300 s later.
  idempotency: { mode: 'marker', settleSeconds: 300 },
  input,
  output,
  reversible: {
    compensation: ({ input, output }) => ({
      sysId: input.sysId,
      note: `The work note with the reference ${output.reference} is withdrawn: please disregard it.`,
    }),
  },
  async run(ctx) {
    const text = `${neutralise(ctx.input.note)}\n\n${marker(ctx.idempotencyKey)}`;
    const after = await patchIncident(ctx, ctx.input.sysId, { work_notes: text });
    const addedOn = parseSysTime(after.sys_updated_on.value);
    if (addedOn === undefined) throw outcomeUnknown(`incident ${ctx.input.sysId}`, {});
    return { sysId: ctx.input.sysId, reference: ctx.idempotencyKey, addedOn };
  },
  async resolve(ctx) {
    const { sysId } = ctx.input;
    const mark = marker(ctx.idempotencyKey);
    try {
      const { response, total } = await listRows(ctx, 'sys_journal_field', {
        query: `element_id=${queryValue(sysId)}^element=work_notes^valueLIKE${queryValue(mark)}`,
        fields: ['element_id', 'value', 'sys_created_on'],
        limit: 10,
      });
      const { result } = response.json(z.object({ result: z.array(journalEntry) }));
      const found = result.find((entry) => entry.element_id === sysId && entry.value.includes(mark));
      const addedOn = found && parseSysTime(found.sys_created_on);
      if (addedOn !== undefined)
        return { outcome: 'applied', output: { sysId, reference: ctx.idempotencyKey, addedOn } };
      if (found || (total ?? 0) > result.length) {
        return { outcome: 'unknown', reason: 'the journal holds entries that the integration user may not read' };
      }
      return { outcome: 'not-applied' };
    } catch (error) {
      if (!isConnectorError(error) || !unreadable.has(error.code)) throw error;
      return {
        outcome: 'unknown',
        reason: `sys_journal_field cannot be read (${error.code}): let the integration user read it`,
      };
    }
  },
});

const journalEntry = z.object({ element_id: z.string(), value: z.string(), sys_created_on: z.string() });

const unreadable: ReadonlySet<string> = new Set([
  'SERVICENOW_FORBIDDEN',
  'SERVICENOW_NOT_FOUND',
  'SERVICENOW_REJECTED',
]);

function marker(idempotencyKey: string): string {
  return `[ref:${idempotencyKey}]`;
}

/** The journal renders what stands between `[code]` tags as HTML; and nobody may forge the reference of another note. */
function neutralise(note: string): string {
  return note.replace(/\[(?=\/?code\])/gi, '[ ').replace(/\[(?=ref:)/gi, '[ ');
}
