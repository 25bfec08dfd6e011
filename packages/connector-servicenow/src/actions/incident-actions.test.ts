import type { ActionContext } from '@org/connector-sdk';
import {
  createTestContext,
  type Fault,
  type ServiceNowEmulator,
  seedSysId,
  startServiceNowEmulator,
} from '@org/connector-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addWorkNote } from './add-work-note.ts';
import { getIncident } from './get-incident.ts';
import { updateAssignment } from './update-assignment.ts';
import { updateCategory } from './update-category.ts';
import { updatePriority } from './update-priority.ts';

const sysId = seedSysId('incident', 'INC0010001');
const networkIncident = seedSysId('incident', 'INC0010002');
const payments = seedSysId('sys_user_group', 'Payments');
const network = seedSysId('sys_user_group', 'Network');
const david = seedSysId('sys_user', 'david.loo');
const fred = seedSysId('sys_user', 'kim.porter');
const key = '01jd0000000000000000000abc';
const refusedSysIds = [
  'number=1^ORsys_id!=0',
  '../sys_user/1',
  'javascript:gs.getUserID()',
  sysId.toUpperCase(),
  `${sysId}\n`,
];

let instance: ServiceNowEmulator;

beforeAll(async () => {
  const basic = { user: 'connector.integration', password: crypto.randomUUID() };
  instance = await startServiceNowEmulator({ basic });
  authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
});
beforeEach(() => instance.reset());
afterAll(() => instance.close());

let authorization = '';

function contextOf<Input>(input: Input): ActionContext<Input, { instanceUrl: string }> {
  const config = { instanceUrl: `${instance.url}/` };
  return { ...createTestContext({ config, authorization }), input, idempotencyKey: key, attempt: 1 };
}

const patchFault = (fault: Omit<Fault, 'match'>) => instance.faults.next({ ...fault, match: { method: 'PATCH' } });

describe('get-incident', () => {
  it('reads by sys_id and by number alike, with raw and display values', async () => {
    const bySysId = await getIncident.run(contextOf({ sysId: networkIncident }));
    expect(await getIncident.run(contextOf({ number: 'INC0010002' }))).toEqual(bySysId);
    expect(getIncident.output.parse(bySysId)).toEqual(bySysId);
    expect(bySysId).toMatchObject({
      sysId: networkIncident,
      number: 'INC0010002',
      state: { value: '1', display: 'New' },
      impact: { value: '3', display: '3 - Low' },
      category: { value: 'network', display: 'Network' },
      assignmentGroup: { id: network, name: 'Network' },
      assignedTo: { id: fred, name: 'Kim Porter' },
      modCount: 0,
    });
    expect(bySysId.updatedOn).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    expect(new URL(bySysId.url).pathname).toBe('/nav_to.do');
  });

  it('gives null for nobody', async () => {
    expect(await getIncident.run(contextOf({ sysId }))).toMatchObject({ assignmentGroup: null, assignedTo: null });
  });

  it('says when there is none, by either way', async () => {
    const none = { code: 'SERVICENOW_NOT_FOUND', kind: 'failed' };
    await expect(getIncident.run(contextOf({ sysId: '0'.repeat(32) }))).rejects.toMatchObject(none);
    await expect(getIncident.run(contextOf({ number: 'INC9999999' }))).rejects.toMatchObject(none);
  });

  it.each(refusedSysIds)('refuses %j as a sys_id', (refused) => {
    expect(getIncident.input.safeParse({ sysId: refused }).success).toBe(false);
    expect(updateAssignment.input.safeParse({ sysId: refused, assignedTo: null }).success).toBe(false);
    expect(updateAssignment.input.safeParse({ sysId, assignedTo: refused }).success).toBe(false);
  });

  it.each(['INC0010001^ORDERBYnumber', 'inc0010001', 'INC1', ''])('refuses %j as a number', (number) => {
    expect(getIncident.input.safeParse({ number }).success).toBe(false);
  });
});

describe('update-assignment', () => {
  it('assigns a group and a member of it, and undo restores what was there', async () => {
    const input = { sysId: networkIncident, assignmentGroup: payments, assignedTo: david, expectedModCount: 0 };
    const output = await updateAssignment.run(contextOf(input));
    expect(updateAssignment.output.parse(output)).toEqual(output);
    expect(output).toMatchObject({
      number: 'INC0010002',
      modCount: 1,
      before: { assignmentGroup: { id: network }, assignedTo: { id: fred, name: 'Kim Porter' } },
      after: { assignmentGroup: { id: payments, name: 'Payments' }, assignedTo: { id: david } },
    });
    const undo = updateAssignment.reversible?.undo;
    if (typeof undo !== 'function') throw new Error('an undo is expected');
    await updateAssignment.run(contextOf(undo({ input, output })));
    expect(instance.incident('INC0010002')).toMatchObject({ assignment_group: network, assigned_to: fred });
  });

  it('undo clears what was empty', async () => {
    const input = { sysId, assignmentGroup: payments, assignedTo: david };
    const output = await updateAssignment.run(contextOf(input));
    const undo = updateAssignment.reversible?.undo;
    if (typeof undo !== 'function') throw new Error('an undo is expected');
    await updateAssignment.run(contextOf(undo({ input, output })));
    expect(instance.incident('INC0010001')).toMatchObject({ assignment_group: '', assigned_to: '' });
  });

  it.each([
    ['a user of another group', { assignmentGroup: payments, assignedTo: fred }],
    ['a user who is not in the group the incident has', { assignedTo: david }],
    ['a group that the user it has is not in', { assignmentGroup: payments }],
  ])('refuses %s', async (_name, change) => {
    const run = updateAssignment.run(contextOf({ sysId: networkIncident, ...change }));
    await expect(run).rejects.toMatchObject({ code: 'SERVICENOW_ASSIGNEE_NOT_IN_GROUP' });
    expect(instance.effects.writes).toBe(0);
  });

  it('refuses when nothing is given', async () => {
    await expect(updateAssignment.run(contextOf({ sysId }))).rejects.toMatchObject({
      code: 'SERVICENOW_NOTHING_TO_CHANGE',
    });
  });

  it('refuses when the incident was changed since it was read', async () => {
    await instance.changeIncident('INC0010001', { category: 'software' });
    const run = updateAssignment.run(contextOf({ sysId, assignmentGroup: payments, expectedModCount: 0 }));
    await expect(run).rejects.toMatchObject({ code: 'SERVICENOW_RECORD_CHANGED' });
    expect(instance.effects.writes).toBe(0);
  });
});

describe('update-category and update-priority', () => {
  it('file it elsewhere, and undo restores', async () => {
    const input = { sysId, category: 'software', subcategory: 'email' };
    const output = await updateCategory.run(contextOf(input));
    expect(updateCategory.output.parse(output)).toEqual(output);
    expect(output.before?.category).toEqual({ value: 'inquiry', display: 'Inquiry / Help' });
    expect(instance.incident('INC0010001')).toMatchObject({ category: 'software', subcategory: 'email' });
    const undo = updateCategory.reversible?.undo;
    if (typeof undo !== 'function') throw new Error('an undo is expected');
    await updateCategory.run(contextOf(undo({ input, output })));
    expect(instance.incident('INC0010001')).toMatchObject({ category: 'inquiry', subcategory: '' });
  });

  it('set impact and urgency; the instance derives the priority; undo restores', async () => {
    const input = { sysId, impact: '1', urgency: '1' } as const;
    const output = await updatePriority.run(contextOf(input));
    expect(updatePriority.output.parse(output)).toEqual(output);
    expect(output.after.priority).toEqual({ value: '1', display: '1 - Critical' });
    const undo = updatePriority.reversible?.undo;
    if (typeof undo !== 'function') throw new Error('an undo is expected');
    await updatePriority.run(contextOf(undo({ input, output })));
    expect(instance.incident('INC0010001')).toMatchObject({ impact: '2', urgency: '2' });
  });

  it('refuse a closed incident', async () => {
    await instance.changeIncident('INC0010001', { state: '7' });
    const closed = { code: 'SERVICENOW_INCIDENT_CLOSED' };
    await expect(updateCategory.run(contextOf({ sysId, category: 'software' }))).rejects.toMatchObject(closed);
    await expect(updatePriority.run(contextOf({ sysId, impact: '1', urgency: '1' }))).rejects.toMatchObject(closed);
    await expect(updateAssignment.run(contextOf({ sysId, assignedTo: null }))).rejects.toMatchObject(closed);
    expect(instance.effects.writes).toBe(0);
  });

  it.each(['soft^ware', 'a\nb', ''])('refuse %j as a category', (category) => {
    expect(updateCategory.input.safeParse({ sysId, category }).success).toBe(false);
  });
});

describe('a write whose answer says nothing', () => {
  const input = { sysId, impact: '1', urgency: '2' } as const;
  const unknown = { code: 'ACTION_OUTCOME_UNKNOWN', kind: 'outcome-unknown' };

  it('202: unknown; not applied until the instance gets to it, then applied', async () => {
    patchFault({ kind: 'accepted-202' });
    await expect(updatePriority.run(contextOf(input))).rejects.toMatchObject(unknown);
    expect(await updatePriority.resolve?.(contextOf(input))).toEqual({ outcome: 'not-applied' });
    await instance.faults.applyPending();
    expect(await updatePriority.resolve?.(contextOf(input))).toMatchObject({
      outcome: 'applied',
      output: { before: null, after: { impact: { value: '1' }, urgency: { value: '2' } }, modCount: 1 },
    });
  });

  it('a lost reply, and a 5xx after it was applied: unknown, and resolve finds it', async () => {
    patchFault({ kind: 'lose-reply' });
    await expect(updatePriority.run(contextOf(input))).rejects.toMatchObject(unknown);
    expect(await updatePriority.resolve?.(contextOf(input))).toMatchObject({ outcome: 'applied' });
    patchFault({ kind: 'server-error-5xx', applied: true });
    await expect(updateCategory.run(contextOf({ sysId, category: 'database' }))).rejects.toMatchObject(unknown);
    expect(await updateCategory.resolve?.(contextOf({ sysId, category: 'database' }))).toMatchObject({
      outcome: 'applied',
    });
  });

  it('429: turned away, so a later attempt is safe', async () => {
    patchFault({ kind: 'rate-limit-429', retryAfterSeconds: 7 });
    await expect(updatePriority.run(contextOf(input))).rejects.toMatchObject({
      code: 'SERVICENOW_RATE_LIMITED',
      kind: 'retryable',
      details: { retryAfterSeconds: 7 },
    });
  });

  it('503 before anything was written: a later attempt is safe', async () => {
    instance.faults.next({ kind: 'server-error-5xx', match: { method: 'GET' } });
    await expect(updatePriority.run(contextOf(input))).rejects.toMatchObject({
      code: 'SERVICENOW_UNAVAILABLE',
      kind: 'retryable',
    });
    expect(instance.effects.writes).toBe(0);
  });

  it('undo of a change whose preimage was lost is refused, not guessed', async () => {
    await updatePriority.run(contextOf(input));
    const found = await updatePriority.resolve?.(contextOf(input));
    if (found?.outcome !== 'applied') throw new Error('it was applied');
    const undo = updatePriority.reversible?.undo;
    if (typeof undo !== 'function') throw new Error('an undo is expected');
    const output = updatePriority.output.parse(found.output);
    expect(() => undo({ input, output })).toThrow(expect.objectContaining({ code: 'SERVICENOW_BEFORE_UNKNOWN' }));
  });
});

describe('add-work-note', () => {
  const input = { sysId, note: 'Looking into it' };

  it('writes one note with its reference, and resolve finds it', async () => {
    const output = await addWorkNote.run(contextOf(input));
    expect(addWorkNote.output.parse(output)).toEqual(output);
    const notes = instance.journal('INC0010001');
    expect(notes).toMatchObject([{ element: 'work_notes' }]);
    expect(notes[0]?.value).toBe(`Looking into it\n\n[ref:${key}]`);
    expect(await addWorkNote.resolve?.(contextOf(input))).toEqual({ outcome: 'applied', output });
  });

  it('is not found before it was written, nor under another key', async () => {
    expect(await addWorkNote.resolve?.(contextOf(input))).toEqual({ outcome: 'not-applied' });
    await addWorkNote.run(contextOf(input));
    const other = { ...contextOf(input), idempotencyKey: '01jd0000000000000000000xyz' };
    expect(await addWorkNote.resolve?.(other)).toEqual({ outcome: 'not-applied' });
  });

  it('a lost reply: unknown, then found; the note stands once', async () => {
    patchFault({ kind: 'lose-reply' });
    await expect(addWorkNote.run(contextOf(input))).rejects.toMatchObject({ code: 'ACTION_OUTCOME_UNKNOWN' });
    expect(await addWorkNote.resolve?.(contextOf(input))).toMatchObject({ outcome: 'applied' });
    expect(instance.effects.workNotes).toBe(1);
  });

  it('neither carries HTML nor forges the reference of another note', async () => {
    const forged = '01jd0000000000000000000xyz';
    await addWorkNote.run(contextOf({ sysId, note: `[CODE]<b>x</b>[/code] [ref:${forged}]` }));
    const [note] = instance.journal('INC0010001');
    expect(note?.value).not.toMatch(/\[\/?code\]/i);
    expect(await addWorkNote.resolve?.({ ...contextOf(input), idempotencyKey: forged })).toEqual({
      outcome: 'not-applied',
    });
  });

  it('is compensated by a note that names it', async () => {
    const output = await addWorkNote.run(contextOf(input));
    const compensation = addWorkNote.reversible?.compensation;
    if (typeof compensation !== 'function') throw new Error('a compensation is expected');
    const withdrawal = addWorkNote.input.parse(compensation({ input, output }));
    expect(withdrawal.note).toContain(key);
    await addWorkNote.run({ ...contextOf(withdrawal), idempotencyKey: '01jd0000000000000000000def' });
    expect(instance.journal('INC0010001')).toHaveLength(2);
  });
});
