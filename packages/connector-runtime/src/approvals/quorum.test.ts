import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Bench } from '../test-run-bench.ts';
import type { ApprovalRule } from '../types/approval-rule.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Click } from './click.ts';
import { createAskingBench, workflow } from './test-asking.ts';

let bench: Bench;
let asking: Awaited<ReturnType<typeof createAskingBench>>;
const people = ['U1', 'U2', 'U3', 'U4', 'U5'].map((id) => `chat:T1/${id}`);
const [anna = '', ben = '', cleo = ''] = people;

beforeAll(async () => {
  asking = await createAskingBench();
  bench = asking.bench;
});
afterAll(() => bench?.close());
beforeEach(() => bench.groups.clear());

/** A run that waits under a rule. */
async function ask(rule: Partial<ApprovalRule>) {
  const waiting = await asking.ask({ approvers: people, ...rule });
  const { approval } = waiting;
  const { tenantId, chatId } = bench.tenant;
  const click = (actor: string, changes: Partial<Click> = {}) =>
    bench.createNode([workflow]).approvals.decide({
      tenantId,
      approvalId: approval.id,
      decision: 'approved',
      actor,
      via: { connectionId: chatId },
      ...changes,
    });
  return { ...waiting, click };
}

describe('a quorum', () => {
  it('needs so many people, shows who has approved, and closes with the last one', async () => {
    const { runId, node, approval, click, kinds } = await ask({ quorum: 2 });
    expect(await click(anna)).toEqual({ status: 'counted', approved: 1, needed: 2 });
    await bench.pump(node);
    expect(bench.progress.at(-1)).toMatchObject({ approvalId: approval.id, approvedBy: [anna], needed: 2 });
    expect((await bench.run(runId)).status).toBe('waiting');
    expect(await click(ben)).toEqual({ status: 'decided', runId });
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('completed');
    const audited = ['approval.counted', 'approval.decided', 'action.applied'];
    expect(await Promise.all(audited.map(kinds))).toEqual([1, 1, 1]);
    expect(await click(cleo)).toEqual({ status: 'already-decided', code: 'APPROVAL_ALREADY_DECIDED', was: 'approved' });
  });

  it('is denied by one', async () => {
    const { runId, node, click } = await ask({ quorum: 3 });
    await click(anna);
    expect((await click(ben, { decision: 'denied' })).status).toBe('decided');
    await bench.pump(node);
    expect(await bench.run(runId)).toMatchObject({ status: 'denied', error: { code: 'APPROVAL_DENIED' } });
  });

  it('counts one person once, however often they click, and lets them change a yes to a no', async () => {
    const { runId, node, click, kinds } = await ask({ quorum: 2 });
    const results = await Promise.all(Array.from({ length: 20 }, () => click(anna)));
    expect(results.filter(({ status }) => status === 'counted')).toHaveLength(1);
    expect(results.filter(({ status }) => status === 'already-counted')).toHaveLength(19);
    expect(await kinds('approval.counted')).toBe(1);
    expect((await click(anna, { decision: 'denied' })).status).toBe('decided');
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('denied');
  });

  it('counts a person once through two channels, where the rule says that the names are one person’s', async () => {
    const rule = { approvers: [anna, 'admin:anna', ben], samePerson: [[anna, 'admin:anna']], quorum: 2 };
    const { runId, click } = await ask(rule);
    expect((await click(anna)).status).toBe('counted');
    expect(await click('admin:anna', { via: { admin: true } })).toMatchObject({ code: 'APPROVAL_ALREADY_COUNTED' });
    expect(await click(ben)).toEqual({ status: 'decided', runId });
  });

  it('knows a requester by all of their names, and lets them approve only where the rule does', async () => {
    const requestedBy = 'workflow:flow';
    const alias = { approvers: [anna], samePerson: [[requestedBy, anna]] };
    const refused = await ask(alias);
    expect(await refused.click(anna)).toMatchObject({ code: 'APPROVAL_ACTOR_NOT_ALLOWED' });
    const allowed = await ask({ ...alias, requesterMayApprove: true });
    expect((await allowed.click(anna)).status).toBe('decided');
  });

  it('does not count who was removed after their click, and counts them again when they are back', async () => {
    const { click } = await ask({ quorum: 2 });
    await click(anna);
    bench.setRule('default', { ...bench.rule(), approvers: [ben, cleo] });
    expect(await click(ben)).toEqual({ status: 'counted', approved: 1, needed: 2 });
    bench.setRule('default', { ...bench.rule(), approvers: people });
    expect((await click(anna)).status).toBe('decided');
  });

  it('is the stricter of when it was asked and of now', async () => {
    const { click } = await ask({ quorum: 2 });
    bench.setRule('default', { ...bench.rule(), quorum: 1 });
    expect((await click(anna)).status).toBe('counted');
    bench.setRule('default', { ...bench.rule(), quorum: 3 });
    expect(await click(ben)).toEqual({ status: 'counted', approved: 2, needed: 3 });
    expect((await click(cleo)).status).toBe('decided');
  });

  it('pitfall 16: of 50 clicks of five people at once, exactly the quorum is counted and one closes', async () => {
    const { runId, node, approval, click, kinds } = await ask({ quorum: 3 });
    const results = await Promise.all(Array.from({ length: 50 }, (_, at) => click(people[at % 5] ?? '')));
    const count = (status: string) => results.filter((result) => result.status === status).length;
    expect([count('decided'), count('counted'), count('refused')]).toEqual([1, 2, 0]);
    expect(count('already-counted') + count('already-decided')).toBe(47);
    const kept = await bench.db
      .selectFrom('connector.approval_decisions')
      .select('person')
      .where('approval_id', '=', approval.id)
      .execute();
    expect(kept).toHaveLength(3);
    expect([await kinds('approval.decided'), await kinds('approval.counted')]).toEqual([1, 2]);
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('completed');
    expect(await kinds('action.applied')).toBe(1);
  });
});

describe('pitfall 18: groups of approvers', () => {
  it('are asked for at the click: who left is nobody, who came may decide', async () => {
    bench.groups.set('ops', [anna]);
    const { click } = await ask({ approvers: [], groups: ['ops'] });
    bench.groups.set('ops', [ben]);
    expect(await click(anna)).toEqual({ status: 'refused', code: 'APPROVAL_ACTOR_NOT_ALLOWED' });
    expect((await click(ben)).status).toBe('decided');
  });

  it('let the requester in no more than a list does', async () => {
    bench.groups.set('ops', ['workflow:flow']);
    const { click } = await ask({ approvers: [], groups: ['ops'] });
    expect(await click('workflow:flow')).toMatchObject({ code: 'APPROVAL_ACTOR_NOT_ALLOWED' });
  });

  it('count in a quorum only who is still in one when it is met', async () => {
    bench.groups.set('ops', [anna, ben, cleo]);
    const { click } = await ask({ approvers: [], groups: ['ops'], quorum: 2 });
    await click(anna);
    bench.groups.set('ops', [ben, cleo]);
    expect(await click(ben)).toMatchObject({ status: 'counted', approved: 1 });
    expect((await click(cleo)).status).toBe('decided');
  });

  it('let nobody in when they can’t be read, and let the click be tried again when that may pass', async () => {
    const { approval, kinds } = await ask({ approvers: [ben], groups: ['ops'] });
    const { tenantId, chatId } = bench.tenant;
    const clickWhile = (error: Error, actor: string) =>
      bench.createNode([workflow], { isGroupMember: () => Promise.reject(error) }).approvals.decide({
        tenantId,
        approvalId: approval.id,
        decision: 'approved',
        actor,
        via: { connectionId: chatId },
      });
    const gone = new RuntimeError('CONNECTION_SCOPE_MISSING', 'no scope');
    expect(await clickWhile(gone, anna)).toEqual({ status: 'refused', code: 'APPROVAL_GROUP_UNREADABLE' });
    expect(await kinds('approval.refused')).toBe(1);
    const busy = new RuntimeError('RATE_LIMITED', 'later');
    await expect(clickWhile(busy, anna)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect((await clickWhile(gone, ben)).status).toBe('decided');
  });
});
