import { ActionError } from '@org/connector-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bench } from '../test-run-bench.ts';
import type { ApprovalRule } from '../types/approval-rule.ts';
import { RuntimeError } from '../types/errors.ts';
import { createAskingBench, workflow } from './test-asking.ts';

const MINUTE = 60_000;
const [anna, boss, deputy] = ['chat:T1/U1', 'chat:T1/U8', 'chat:T1/U9'] as const;
let bench: Bench;
let asking: Awaited<ReturnType<typeof createAskingBench>>;

beforeAll(async () => {
  asking = await createAskingBench();
  bench = asking.bench;
  bench.setRule('bosses', { ...bench.rule(), channel: 'bosses', approvers: [boss, deputy], quorum: 2 });
});
afterAll(() => bench?.close());

async function ask(rule: Partial<ApprovalRule>) {
  const { runId, node, approval } = await asking.ask({ approvers: [anna], ...rule });
  const { id: approvalId } = approval;
  const { tenantId, chatId: connectionId } = bench.tenant;
  const pass = async (ms: number, on = node) => {
    bench.clock.advance(ms);
    await bench.pump(on);
  };
  const click = (actor: string, via: object = { connectionId }) =>
    node.approvals.decide({ tenantId, approvalId, decision: 'approved', actor, via });
  return { runId, node, approvalId, pass, click };
}

const reminded = (approvalId: string) => bench.reminded.filter((one) => one.approvalId === approvalId);

describe('reminders', () => {
  const reminders = { afterSeconds: 600, times: 2 };

  it('come after a time, again after as long, and no more often than the rule says', async () => {
    const { approvalId, pass, runId } = await ask({ reminders });
    await pass(9 * MINUTE);
    expect(reminded(approvalId)).toHaveLength(0);
    await pass(MINUTE);
    expect(reminded(approvalId)).toMatchObject([{ approvedBy: [], needed: 1 }]);
    await pass(10 * MINUTE);
    await pass(30 * MINUTE);
    expect(reminded(approvalId)).toHaveLength(2);
    expect((await bench.auditKinds(runId)).filter((kind) => kind === 'approval.reminded')).toHaveLength(2);
  });

  it('are sent by one node, also when several look at once, and one for all that were missed', async () => {
    const { approvalId, node } = await ask({ reminders });
    bench.clock.advance(25 * MINUTE);
    const nodes = [node, bench.createNode([workflow]), bench.createNode([workflow])];
    await Promise.all(nodes.map(({ approvals }) => approvals.followUp(approvalId)));
    expect(reminded(approvalId)).toHaveLength(1);
    await bench.pump(node);
    expect(reminded(approvalId)).toHaveLength(1);
  });

  it('that can’t be sent are audited, and the next one comes', async () => {
    const { approvalId, runId } = await ask({ reminders });
    const failing = bench.createNode([workflow], {
      remindApproval: () => Promise.reject(new RuntimeError('RATE_LIMITED', 'later')),
    });
    bench.clock.advance(10 * MINUTE);
    await failing.approvals.followUp(approvalId);
    expect(await bench.auditKinds(runId)).toContain('approval.reminder_failed');
    bench.clock.advance(10 * MINUTE);
    await bench.createNode([workflow]).approvals.followUp(approvalId);
    expect(reminded(approvalId)).toHaveLength(1);
  });

  it('end with the decision', async () => {
    const { approvalId, pass, click } = await ask({ reminders });
    await click(anna);
    await pass(20 * MINUTE);
    expect(reminded(approvalId)).toHaveLength(0);
  });
});

describe('escalation', () => {
  const escalation = { afterSeconds: 900, rule: 'bosses' };

  it('asks in a second place, of other people as well, and updates both places', async () => {
    const { approvalId, runId, pass, click } = await ask({ escalation });
    expect(await click(boss)).toMatchObject({ code: 'APPROVAL_ACTOR_NOT_ALLOWED' });
    const before = bench.posted.filter((one) => one.approvalId === approvalId).length;
    await pass(15 * MINUTE);
    const posts = bench.posted.filter((one) => one.approvalId === approvalId);
    expect([before, posts.length, new Set(posts.map(({ idempotencyKey }) => idempotencyKey)).size]).toEqual([1, 2, 2]);
    expect(await click(boss)).toEqual({ status: 'counted', approved: 1, needed: 2 });
    await pass(0);
    expect(bench.progress.filter((one) => one.approvalId === approvalId)).toEqual([
      { approvalId, approvedBy: [boss], needed: 2, channel: 'bosses' },
    ]);
    expect((await click(deputy)).status).toBe('decided');
    await pass(0);
    expect(bench.updated.filter((one) => one.approvalId === approvalId)).toHaveLength(2);
    expect((await bench.run(runId)).status).toBe('completed');
    expect(await bench.auditKinds(runId)).toContain('approval.escalated');
  });

  it('leaves the first ones able to answer, and does not add up people of different rules', async () => {
    const { pass, click } = await ask({ approvers: [anna, 'chat:T1/U2'], quorum: 2, escalation });
    await pass(15 * MINUTE);
    expect((await click(anna)).status).toBe('counted');
    expect((await click(boss)).status).toBe('counted');
    expect((await click('chat:T1/U2')).status).toBe('decided');
  });

  it('happens once, when several nodes look at once', async () => {
    const { approvalId, runId } = await ask({ escalation });
    bench.clock.advance(15 * MINUTE);
    const nodes = Array.from({ length: 4 }, () => bench.createNode([workflow]));
    await Promise.all(nodes.map(({ approvals }) => approvals.followUp(approvalId)));
    expect((await bench.auditKinds(runId)).filter((kind) => kind === 'approval.escalated')).toHaveLength(1);
  });

  it('to a rule that is gone is audited, and the first place stays', async () => {
    const { runId, pass, click } = await ask({ escalation: { ...escalation, rule: 'gone' } });
    await pass(15 * MINUTE);
    expect(await bench.auditKinds(runId)).toContain('approval.escalation_failed');
    expect((await click(anna)).status).toBe('decided');
  });

  it('is not done when it was decided before', async () => {
    const { approvalId, pass, click } = await ask({ escalation });
    await click(anna);
    await pass(20 * MINUTE);
    expect(bench.posted.filter((one) => one.approvalId === approvalId)).toHaveLength(1);
  });

  it('shows the decision in every place that can be reached, and asks the others again', async () => {
    const { approvalId, runId, pass, click } = await ask({ escalation });
    await pass(15 * MINUTE);
    await click(anna);
    const shown: string[] = [];
    const refusing = bench.createNode([workflow], {
      async updateApproval({ channel }) {
        if (channel === 'approvals') throw new ActionError('CHAT_GONE', 'the message is gone');
        shown.push(channel);
      },
    });
    await refusing.approvals.sendUpdate(approvalId);
    expect(shown).toEqual(['bosses']);
    expect(await bench.auditKinds(runId)).toEqual(
      expect.arrayContaining(['approval.update_failed', 'approval.updated']),
    );
    const failing = bench.createNode([workflow], { updateApproval: () => Promise.reject(new Error('down')) });
    await expect(failing.approvals.sendUpdate(approvalId)).rejects.toThrow('down');
    await pass(0);
    expect(bench.updated.filter((one) => one.approvalId === approvalId)).toHaveLength(2);
  });
});
