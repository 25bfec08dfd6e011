import { describe, expect, it } from 'vitest';
import { sampleAction } from '../runs/test-manifest.ts';
import { createPolicyEngine } from './policy-engine.ts';
import type { StoredPolicyTexts } from './policy-texts.ts';
import { testEngine, testSubject } from './test-policy.ts';

const risks = ['low', 'medium', 'high', 'critical'] as const;
const errors: string[] = [];

const engine = (tenant?: string) => testEngine({ tenant }, errors);
const subject = testSubject;

const notApproved = { approved: false };
const approved = { approved: true };

describe('the default policies', () => {
  it('allow reads of every risk', async () => {
    for (const risk of risks) {
      const decision = await engine().decide(subject(sampleAction({ effect: 'read', risk })), notApproved);
      expect(decision).toEqual({ effect: 'allow', policyIds: ['default.reads'] });
    }
  });

  it('allow low-risk writes that can be undone, made good or found again', async () => {
    const writes = [
      sampleAction(),
      sampleAction({ reversible: { by: 'compensation', action: 'set' } }),
      sampleAction({ reversible: null, idempotency: { mode: 'marker', settleSeconds: 1, resolve: true } }),
    ];
    for (const write of writes) {
      expect(await engine().decide(subject(write), notApproved)).toEqual({
        effect: 'allow',
        policyIds: ['default.low-risk-writes'],
      });
    }
    expect((await engine().decide(subject(sampleAction({ reversible: null })), notApproved)).effect).toBe(
      'require-approval',
    );
  });

  it('want a person for medium and high risk, and take the word of one', async () => {
    for (const risk of ['medium', 'high'] as const) {
      const planned = subject(sampleAction({ risk }));
      expect(await engine().decide(planned, notApproved)).toEqual({
        effect: 'require-approval',
        policyIds: ['default.approved-writes'],
      });
      expect((await engine().decide(planned, approved)).effect).toBe('allow');
    }
  });

  it('deny critical writes, approved or not, and name the policy', async () => {
    const planned = subject(sampleAction({ risk: 'critical' }));
    for (const facts of [notApproved, approved]) {
      expect(await engine().decide(planned, facts)).toEqual({ effect: 'deny', policyIds: ['default.critical-writes'] });
    }
  });
});

describe("a tenant's policies", () => {
  it('forbid what the default permits', async () => {
    const text = '@id("no-triage") forbid (principal == Workflow::"triage", action, resource);';
    expect(await engine(text).decide(subject(), approved)).toEqual({ effect: 'deny', policyIds: ['no-triage'] });
  });

  it('ask for a person where a forbid is lifted by approval', async () => {
    const text = '@id("ask") forbid (principal, action, resource) unless { context.approved };';
    expect((await engine(text).decide(subject(), notApproved)).effect).toBe('require-approval');
  });

  it('replace a default policy of the same id', async () => {
    const text =
      '@id("default.critical-writes") permit (principal, action in Action::"critical", resource) when { context.approved };';
    const planned = subject(sampleAction({ risk: 'critical' }));
    expect((await engine(text).decide(planned, notApproved)).effect).toBe('require-approval');
    expect((await engine(text).decide(planned, approved)).effect).toBe('allow');
  });

  it('hold for their own tenant only', async () => {
    const none = { tenantVersion: 0, workspaceVersion: 0 };
    const texts: Record<string, StoredPolicyTexts> = {
      t1: { tenant: 'forbid (principal, action, resource);', tenantVersion: 1, workspaceVersion: 0 },
    };
    const policy = createPolicyEngine({
      policyTexts: async (tenantId) => texts[tenantId] ?? none,
      clock: { now: () => 0 },
      log: { error: () => undefined },
    });
    expect((await policy.decide(subject(), notApproved)).effect).toBe('deny');
    expect((await policy.decide(subject(sampleAction(), 't2'), notApproved)).effect).toBe('allow');
  });
});

describe('broken policy', () => {
  it.each([
    'permit (',
    'permit (principal == ?principal, action, resource);',
    '@id("a") permit(principal,action,resource); @id("a") forbid(principal,action,resource);',
  ])('denies everything: %s', async (text) => {
    for (const facts of [notApproved, approved]) {
      expect(await engine(text).decide(subject(sampleAction({ effect: 'read' })), facts)).toEqual({
        effect: 'deny',
        policyIds: ['policy-error'],
      });
    }
    expect(errors.length).toBeGreaterThan(0);
  });

  it('denies when a forbid fails to evaluate, which Cedar would skip', async () => {
    const text = 'forbid (principal, action, resource) when { context.misspelt == "x" };';
    expect(await engine(text).decide(subject(), notApproved)).toEqual({ effect: 'deny', policyIds: ['policy-error'] });
  });
});

describe("a workspace's policies", () => {
  const decide = (texts: { tenant?: string; workspace?: string }, manifest = sampleAction()) =>
    testEngine(texts, errors).decide(subject(manifest), notApproved);

  it('forbid beside the tenant’s, and are named as the workspace’s', async () => {
    const workspace = '@id("quiet") forbid (principal, action in Action::"write", resource);';
    expect(await decide({ workspace })).toEqual({ effect: 'deny', policyIds: ['workspace:quiet'] });
    expect((await decide({ workspace }, sampleAction({ effect: 'read' }))).effect).toBe('allow');
  });

  it('replace nothing of the tenant’s or of the defaults, whatever their id', async () => {
    const critical = sampleAction({ risk: 'critical' });
    const workspace = '@id("default.critical-writes") forbid (principal == Workflow::"x", action, resource);';
    expect(await decide({ workspace }, critical)).toEqual({ effect: 'deny', policyIds: ['default.critical-writes'] });
    const tenant = '@id("mine") forbid (principal, action, resource);';
    const replaced = '@id("mine") forbid (principal == Workflow::"x", action, resource);';
    expect(await decide({ tenant, workspace: replaced })).toEqual({ effect: 'deny', policyIds: ['mine'] });
  });

  it('deny everything when they permit anything: they may only forbid', async () => {
    const workspace = 'permit (principal, action, resource);';
    expect(await decide({ workspace })).toEqual({ effect: 'deny', policyIds: ['policy-error'] });
  });

  it('can’t be passed off as one by the tenant’s text', async () => {
    const tenant = '@id("workspace:quiet") permit (principal, action, resource);';
    expect(await decide({ tenant })).toEqual({ effect: 'deny', policyIds: ['policy-error'] });
  });
});

describe('a named approval rule', () => {
  const medium = subject(sampleAction({ risk: 'medium' }));
  const finance = '@id("money") @approval("finance") permit (principal, action, resource) when { context.approved };';
  const unless = '@id("ask") @approval("legal") forbid (principal, action, resource) unless { context.approved };';

  it('is asked, though an unnamed policy would be content with anybody', async () => {
    expect(await engine(finance).decide(medium, notApproved)).toEqual({
      effect: 'require-approval',
      policyIds: ['default.approved-writes', 'money'],
      rule: 'finance',
    });
  });

  it('is asked by a forbid that approval lifts', async () => {
    expect(await engine(unless).decide(subject(), notApproved)).toMatchObject({ rule: 'legal' });
  });

  it('takes the word of its own people, and of nobody else', async () => {
    const decide = (rule?: string) =>
      engine(finance).decide(medium, { approved: true, ...(rule === undefined ? {} : { rule }) });
    expect((await decide('finance')).effect).toBe('allow');
    for (const rule of ['legal', undefined]) expect(await decide(rule)).toMatchObject({ rule: 'finance' });
  });

  it('denies when policies name different ones: nobody says which is stricter', async () => {
    expect(await engine(`${finance}\n${unless}`).decide(medium, { approved: true, rule: 'finance' })).toEqual({
      effect: 'deny',
      policyIds: ['approval-rules-differ', 'ask', 'money'],
    });
  });

  it.each([
    '@approval("finance") permit (principal, action, resource);',
    '@approval("") forbid (principal, action, resource) unless { context.approved };',
  ])('that would never be asked makes the text invalid: %s', async (text) => {
    expect(await engine(text).decide(medium, notApproved)).toEqual({ effect: 'deny', policyIds: ['policy-error'] });
  });
});

describe('reading the texts', () => {
  function counting() {
    let reads = 0;
    let now = 0;
    let current: StoredPolicyTexts = { tenantVersion: 0, workspaceVersion: 0 };
    const policy = createPolicyEngine({
      async policyTexts() {
        reads += 1;
        return current;
      },
      clock: { now: () => now },
      log: { error: () => undefined },
    });
    return {
      policy,
      reads: () => reads,
      advance(ms: number) {
        now += ms;
      },
      set(tenant: string) {
        current = { tenant, tenantVersion: current.tenantVersion + 1, workspaceVersion: 0 };
      },
    };
  }
  const effect = async ({ policy }: ReturnType<typeof counting>) =>
    (await policy.decide(subject(), notApproved)).effect;
  const closed = 'forbid (principal, action, resource);';

  it('happens once for the decisions of two seconds, also those at once', async () => {
    const node = counting();
    await Promise.all(Array.from({ length: 50 }, () => effect(node)));
    node.advance(1_999);
    await effect(node);
    expect(node.reads()).toBe(1);
  });

  it('lets a change be in force on every node after two seconds', async () => {
    const node = counting();
    expect(await effect(node)).toBe('allow');
    node.set(closed);
    node.advance(2_000);
    expect(await effect(node)).toBe('deny');
  });

  it('lets a change be in force at once on the node that made it', async () => {
    const node = counting();
    await effect(node);
    node.set(closed);
    node.policy.forget('t1');
    expect(await effect(node)).toBe('deny');
  });

  it('keeps no old text alive when the clock is set back', async () => {
    const node = counting();
    await effect(node);
    node.set(closed);
    node.advance(-60_000);
    expect(await effect(node)).toBe('deny');
  });

  it('fails for the decision that needed it, and is tried again for the next', async () => {
    let fails = true;
    const policy = createPolicyEngine({
      async policyTexts() {
        if (fails) throw new Error('the database is away');
        return { tenantVersion: 0, workspaceVersion: 0 };
      },
      clock: { now: () => 0 },
      log: { error: () => undefined },
    });
    await expect(policy.decide(subject(), notApproved)).rejects.toThrow('away');
    fails = false;
    expect((await policy.decide(subject(), notApproved)).effect).toBe('allow');
  });
});
