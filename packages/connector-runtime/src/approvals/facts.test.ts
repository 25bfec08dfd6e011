import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampleAction } from '../runs/test-manifest.ts';
import type { PlannedAction } from '../types/run.ts';
import { factsOf } from './facts.ts';

function planned(input: unknown): PlannedAction {
  return {
    tenantId: 't',
    workspaceId: 'w',
    runId: 'r',
    workflow: 'flow',
    action: 'sample.set',
    connector: 'sample',
    connectionId: 'c',
    connectionName: 'main',
    artifactDigest: 'sha256:one',
    manifest: sampleAction(),
    input,
    digest: 'sha256:two',
  };
}

it('names every field by its path', () => {
  const input = { sysId: '1', fields: { urgency: 2, tags: ['a', 'b'] }, note: null, empty: [] };
  expect(factsOf({ planned: planned(input) })).toEqual([
    { name: 'sysId', value: '1' },
    { name: 'fields.urgency', value: '2' },
    { name: 'fields.tags[0]', value: 'a' },
    { name: 'fields.tags[1]', value: 'b' },
    { name: 'note', value: 'null' },
    { name: 'empty', value: '[]' },
  ]);
});

it('shows facts of the workflow first, and the input all the same', () => {
  const facts = [{ name: 'value', value: 'harmless' }];
  expect(factsOf({ planned: planned({ value: 'harmful' }), facts })).toEqual([
    { name: 'value', value: 'harmless' },
    { name: 'value', value: 'harmful' },
  ]);
});

it('says how much it leaves out', () => {
  const [fact] = factsOf({ planned: planned({ note: 'n'.repeat(1000) }) });
  expect(fact?.value).toContain('700 more characters');
  const many = factsOf({ planned: planned(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}`, at]))) });
  expect(many.at(-1)?.value).toBe('and 10 more fields');
});

it('gives short strings for any input', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (input) => {
      for (const { name, value } of factsOf({ planned: planned(input) })) {
        expect(typeof name).toBe('string');
        expect(Array.from(value).length).toBeLessThan(350);
      }
    }),
  );
});
