import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampleAction } from '../runs/test-manifest.ts';
import { changeOf, createPolicyComparison, wordOf } from './compare-policies.ts';
import { preparePolicy } from './decide-with.ts';
import type { PolicyTexts } from './policy-texts.ts';
import { testEngine, testSubject } from './test-policy.ts';

const scope = fc.constantFrom(
  'principal, action, resource',
  'principal == Workflow::"triage", action, resource',
  'principal in Workspace::"w1", action in Action::"write", resource',
  'principal, action in Action::"read", resource',
  'principal, action in Action::"high", resource in Connector::"sample"',
  'principal, action == Action::"sample.set", resource == Connection::"main"',
);
const condition = fc.constantFrom(
  '',
  'when { context.approved }',
  'unless { context.approved }',
  'when { context.risk == "medium" || context.reversible == "none" }',
  'when { context.misspelt }',
);
const id = fc.constantFrom('a', 'b', 'default.reads', 'default.approved-writes', 'default.critical-writes');
const rule = fc.constantFrom('', '@approval("finance")', '@approval("legal")');
const policy = (effect: 'permit' | 'forbid') =>
  fc
    .tuple(id, rule, scope, condition)
    .map(
      ([name, asks, to, when]) =>
        [name, `@id("${name}") ${when.includes('approved') ? asks : ''} ${effect} (${to}) ${when};`] as const,
    );
const text = (...effects: readonly ('permit' | 'forbid')[]) =>
  fc
    .uniqueArray(fc.oneof(...effects.map(policy)), { maxLength: 4, selector: ([name]) => name })
    .map((policies) => policies.map(([, cedar]) => cedar).join('\n'));
const tenantText = text('permit', 'forbid');
const workspaceText = fc.option(text('forbid'), { nil: undefined });
const subject = fc
  .record({
    effect: fc.constantFrom('read', 'write'),
    risk: fc.constantFrom('low', 'medium', 'high', 'critical'),
    reversible: fc.constantFrom(null, { by: 'undo', action: 'set' } as const),
  })
  .map((over) => testSubject(sampleAction(over)));
const texts = fc.record({ tenant: tenantText, workspace: workspaceText });

const word = (given: PolicyTexts, about: ReturnType<typeof testSubject>) =>
  wordOf(
    preparePolicy('test', given, () => undefined),
    about,
  );

it('simulates what is enforced, before and after people agree', async () => {
  const { compare } = createPolicyComparison();
  await fc.assert(
    fc.asyncProperty(texts, texts, subject, async (now, proposed, about) => {
      const [compared] = await compare({ now, proposed }, [about]);
      for (const [given, simulated] of [
        [now, compared?.now],
        [proposed, compared?.proposed],
      ] as const) {
        const engine = testEngine(given);
        const decision = await engine.decide(about, { approved: false });
        const named =
          decision.effect === 'require-approval' && decision.rule !== undefined ? { rule: decision.rule } : {};
        const { effect: whenApproved } = await engine.decide(about, { approved: true, ...named });
        expect(simulated).toEqual({
          effect: decision.effect,
          policyIds: decision.policyIds,
          rule: named.rule ?? null,
          whenApproved,
        });
      }
    }),
    { numRuns: 100 },
  );
});

it('never loosens by a forbid more', () => {
  fc.assert(
    fc.property(texts, policy('forbid'), subject, (given, [, forbid], about) => {
      const more = { ...given, tenant: `${given.tenant}\n${forbid.replace(/@id\("[^"]+"\)/, '@id("new")')}` };
      const change = changeOf(word(given, about), word(more, about));
      // A forbid may send the question to others, as its author says; it never lets anything pass.
      expect(['none', 'tightened', 'rerouted']).toContain(change);
    }),
    { numRuns: 100 },
  );
});

it('lets no text of a workspace loosen what the tenant’s says', () => {
  fc.assert(
    fc.property(tenantText, fc.oneof(text('forbid'), text('permit', 'forbid')), subject, (tenant, workspace, about) => {
      const change = changeOf(word({ tenant }, about), word({ tenant, workspace }, about));
      expect(['none', 'tightened', 'rerouted']).toContain(change);
    }),
    { numRuns: 100 },
  );
});
