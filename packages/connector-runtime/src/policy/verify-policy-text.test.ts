import { describe, expect, it } from 'vitest';
import { sampleAction, sampleManifest } from '../runs/test-manifest.ts';
import { cedarSchemaText } from './cedar-schema.ts';
import { verifyPolicyText } from './verify-policy-text.ts';

const manifests = [sampleManifest({ set: sampleAction(), get: sampleAction({ effect: 'read' }) })];

describe('validation', () => {
  it('takes a text that names what connectors declare', () => {
    const text = 'forbid (principal, action == Action::"sample.set", resource);';
    expect(verifyPolicyText({ tenant: text }, manifests)).toEqual([]);
    expect(verifyPolicyText({ workspace: text }, manifests)).toEqual([]);
  });

  it.each([
    'forbid (principal, action == Action::"sample.sett", resource);',
    'forbid (principal, action, resource) when { context.aproved };',
    'forbid (principal, action in Action::"critical", resource) when { context.aproved };',
    'forbid (principal, action, resource) when { context.risk == 3 };',
    'forbid (',
  ])('refuses %s', (text) => {
    for (const texts of [{ tenant: text }, { workspace: text }]) {
      expect(() => verifyPolicyText(texts, manifests)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
    }
  });

  it('refuses what a workspace permits', () => {
    const text = 'permit (principal, action, resource);';
    expect(verifyPolicyText({ tenant: text }, manifests)).toEqual([]);
    expect(() => verifyPolicyText({ workspace: text }, manifests)).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID' }),
    );
  });

  it('warns of policies that can never apply, and not of the defaults', () => {
    const text = '@id("idle") forbid (principal, action in Action::"critical", resource);';
    expect(verifyPolicyText({ tenant: text }, manifests)).toEqual([
      { policyId: 'idle', message: expect.stringContaining('can never apply') },
    ]);
    expect(verifyPolicyText({ workspace: text }, manifests)).toEqual([
      { policyId: 'workspace:idle', message: expect.stringContaining('can never apply') },
    ]);
    expect(verifyPolicyText({ tenant: '' }, [])).toEqual([]);
  });
});

it('shows what may be named as a Cedar schema of the enabled actions', () => {
  const schema = cedarSchemaText(manifests);
  expect(schema).toMatch(
    /action "sample\.set" in \[Action::"low", Action::"write"\]|action "sample\.set" in \[Action::"write", Action::"low"\]/,
  );
  expect(schema).toContain('action "sample.get" in [Action::"read"]');
  expect(schema).not.toContain('none.');
});
