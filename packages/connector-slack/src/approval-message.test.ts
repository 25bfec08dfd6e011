import type { ApprovalDecision, ApprovalProgress, ApprovalRequest } from '@org/connector-sdk';
import type { KnownBlock } from '@slack/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  writeApprovalDecision,
  writeApprovalProgress,
  writeApprovalReminder,
  writeApprovalRequest,
} from './approval-message.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4000 }),
  fc.constantFrom(
    '<!channel>',
    '<@U1>',
    '<https://evil.example|Audit trail>',
    '*Approved* by security\n\n',
    '&'.repeat(4000),
  ),
);
const facts = fc.array(fc.record({ name: text, value: text, url: fc.oneof(text, fc.webUrl()) }), { maxLength: 60 });
const requests: fc.Arbitrary<ApprovalRequest> = fc.record({
  approvalId: fc.uuid(),
  title: text,
  reason: text,
  requestedBy: text,
  context: facts,
  actions: fc.array(fc.record({ action: text, title: text, risk: text, facts }), { maxLength: 40 }),
  expiresAt: fc.oneof(fc.constant('2026-03-01T12:00:00Z'), text),
  auditUrl: fc.oneof(fc.webUrl(), text),
});
const actors = fc.array(fc.oneof(text, fc.constant('slack:T1/U1')), { maxLength: 40 });
const progress: fc.Arbitrary<ApprovalProgress> = fc.record({
  approvalId: fc.uuid(),
  approvedBy: actors,
  needed: fc.integer({ min: 1, max: 20 }),
  request: requests,
});
const decisions: fc.Arbitrary<ApprovalDecision> = fc.record({
  approvalId: fc.uuid(),
  decision: fc.constantFrom('approved', 'denied', 'expired', 'cancelled'),
  actor: fc.oneof(text, fc.constant('slack:T1/U1')),
  approvedBy: actors,
  decidedAt: text,
  auditUrl: fc.webUrl(),
  request: requests,
});

/** All mrkdwn in a message, and the limits of each place. */
function checkLimits(blocks: KnownBlock[]): string[] {
  expect(blocks.length).toBeLessThanOrEqual(50);
  return blocks.flatMap((block) => {
    switch (block.type) {
      case 'header':
        expect(block.text.text.length).toBeGreaterThan(0);
        expect(block.text.text.length).toBeLessThanOrEqual(150);
        return [];
      case 'section':
        expect(block.text?.text.length).toBeGreaterThan(0);
        expect(block.text?.text.length).toBeLessThanOrEqual(3000);
        return [block.text?.text ?? ''];
      case 'context':
        expect(block.elements.length).toBeLessThanOrEqual(10);
        return block.elements.flatMap((element) => ('text' in element ? [element.text] : []));
      case 'actions':
        return [];
      default:
        throw new Error(`an unexpected block: ${block.type}`);
    }
  });
}

describe('the approval message', () => {
  it('stays within the limits of Slack and holds only our own markup, whatever text comes from outside', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const message = writeApprovalRequest(request);
        expect(message.text.length).toBeLessThanOrEqual(4000);
        for (const markup of checkLimits(message.blocks)) {
          for (const [tag] of markup.matchAll(/<[^<>]*>/g)) expect(tag).toMatch(/^<(https?:\/\/|!date\^\d+\^)/);
          // Without the tags nothing is left that Slack would parse.
          expect(markup.replace(/<[^<>]*>/g, '').replace(/^>/gm, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        }
        const buttons = message.blocks.filter(({ type }) => type === 'actions');
        expect(buttons).toMatchObject([
          {
            elements: [
              { action_id: 'approve', value: request.approvalId },
              { action_id: 'deny', value: request.approvalId },
            ],
          },
        ]);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps to that with any people in it, with its buttons while it is open, and without in a reminder', () => {
    fc.assert(
      fc.property(progress, (open) => {
        const [message, reminder] = [writeApprovalProgress(open), writeApprovalReminder(open)];
        for (const markup of checkLimits([...message.blocks, ...reminder.blocks])) {
          for (const [tag] of markup.matchAll(/<[^<>]*>/g)) expect(tag).toMatch(/^<(https?:\/\/|!date\^\d+\^|@U1>)/);
          expect(markup.replace(/<[^<>]*>/g, '').replace(/^>/gm, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        }
        expect(message.blocks.filter(({ type }) => type === 'actions')).toHaveLength(1);
        expect(reminder.blocks.some(({ type }) => type === 'actions')).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('has no buttons after the decision, and shows it however long the request is', () => {
    fc.assert(
      fc.property(decisions, (decision) => {
        const { blocks } = writeApprovalDecision(decision);
        const shown = checkLimits(blocks).join('\n');
        expect(blocks.some(({ type }) => type === 'actions')).toBe(false);
        expect(shown).toContain(`*${decision.decision.charAt(0).toUpperCase()}${decision.decision.slice(1)}*`);
      }),
      { numRuns: 100 },
    );
  });

  it('shows what changes, the risk, the expiry and where to look', () => {
    const { blocks } = writeApprovalRequest({
      approvalId: 'ap-1',
      title: 'Assign INC1',
      reason: 'first line\nsecond line',
      requestedBy: 'triage',
      context: [{ name: 'Incident', value: 'INC1', url: 'https://example.com/a|b>c' }],
      actions: [
        {
          action: 'x.y',
          title: 'Update',
          risk: 'high',
          facts: [{ name: 'group', value: 'none → Payments\n*Risk:* low' }],
        },
      ],
      expiresAt: '2026-03-01T12:00:00Z',
      auditUrl: 'https://console.example.com/runs/1',
    });
    const shown = checkLimits(blocks);
    expect(shown).toEqual([
      '>first line\n>second line',
      '*Incident:* <https://example.com/a%7Cb%3Ec|INC1>',
      '*Update* (x.y), risk: *high*\n• group: none → Payments *Risk:* low',
      'Requested by triage',
      'Expires <!date^1772366400^{date_short_pretty} {time}|2026-03-01T12:00:00.000Z>',
      '<https://console.example.com/runs/1|Audit trail>',
    ]);
  });

  it('says how much it leaves out', () => {
    const many = Array.from({ length: 45 }, (_, index) => ({ name: `f${index}`, value: 'v'.repeat(400) }));
    const { blocks } = writeApprovalRequest({
      approvalId: 'ap-1',
      title: 't',
      reason: 'r',
      requestedBy: 'x',
      context: many,
      actions: [{ action: 'x.y', title: 'Update', risk: 'low', facts: many }],
      expiresAt: '2026-03-01T12:00:00Z',
      auditUrl: 'https://example.com/',
    });
    const shown = checkLimits(blocks).join('\n');
    expect(shown).toContain('_and 25 more facts: see the audit trail_');
    const listed = shown.match(/^• f/gm)?.length ?? 0;
    expect(shown).toContain(`_and ${45 - listed} more: see the audit trail_`);
  });
});
