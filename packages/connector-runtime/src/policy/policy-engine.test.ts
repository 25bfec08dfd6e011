import { describe, expect, it } from 'vitest';
import { sampleAction, sampleManifest } from '../runs/test-manifest.ts';
import { createPolicyEngine, type PolicyText } from './policy-engine.ts';
import { simulatePolicy } from './simulate-policy.ts';

const risks = ['low', 'medium', 'high', 'critical'] as const;
const errors: string[] = [];
const log = { error: (message: string) => void errors.push(message) };

function engine(text?: string, version = 1) {
  return createPolicyEngine({ policyText: async () => (text === undefined ? undefined : { version, text }), log });
}

function subject(manifest = sampleAction(), tenantId = 't1') {
  return {
    tenantId,
    workspaceId: 'w1',
    workflow: 'triage',
    action: 'sample.set',
    connector: 'sample',
    connectionName: 'main',
    manifest,
  };
}

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

  it('hold for their own tenant only, and from the version that is current', async () => {
    const texts: Record<string, PolicyText> = { t1: { version: 1, text: 'forbid (principal, action, resource);' } };
    const policy = createPolicyEngine({ policyText: async (tenant) => texts[tenant], log });
    expect((await policy.decide(subject(), notApproved)).effect).toBe('deny');
    expect((await policy.decide(subject(sampleAction(), 't2'), notApproved)).effect).toBe('allow');
    texts.t1 = { version: 2, text: 'forbid (principal == Workflow::"other", action, resource);' };
    expect((await policy.decide(subject(), notApproved)).effect).toBe('allow');
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

describe('validation', () => {
  const manifests = [sampleManifest({ set: sampleAction() })];

  it('takes a text that names what connectors declare', () => {
    engine().validate('forbid (principal, action == Action::"sample.set", resource);', manifests);
    engine().validate('forbid (principal, action in Action::"critical", resource);', []);
  });

  it.each([
    'forbid (principal, action == Action::"sample.sett", resource);',
    'forbid (principal, action, resource) when { context.aproved };',
    'forbid (principal, action, resource) when { context.risk == 3 };',
    'forbid (',
  ])('refuses %s', (text) => {
    expect(() => engine().validate(text, manifests)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });
});

it('simulates with the decisions that are enforced', async () => {
  const actions = Object.fromEntries(risks.map((risk) => [risk, sampleAction({ risk })]));
  const text = '@id("no-high") forbid (principal, action in Action::"high", resource);';
  const simulated = simulatePolicy(sampleManifest(actions), {
    text,
    workspaceId: 'w1',
    workflow: 'triage',
    connectionName: 'main',
  });
  expect(simulated.map(({ action, withoutApproval, withApproval }) => [action, withoutApproval, withApproval])).toEqual(
    [
      ['sample.low', 'allow', 'allow'],
      ['sample.medium', 'require-approval', 'allow'],
      ['sample.high', 'deny', 'deny'],
      ['sample.critical', 'deny', 'deny'],
    ],
  );
  for (const { action, withoutApproval, policyIds } of simulated) {
    const planned = { ...subject(actions[action.slice('sample.'.length)]), action };
    expect(await engine(text).decide(planned, notApproved)).toEqual({ effect: withoutApproval, policyIds });
  }
});
