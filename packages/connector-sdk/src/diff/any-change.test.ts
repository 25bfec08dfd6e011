import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Manifest } from '../index.ts';
import { demandedBump, diffManifests } from './index.ts';
import { isSameJson } from './same-json.ts';
import { type Edit, editManifest, readSample } from './test-edits.ts';

const SAMPLE = readSample();
const BUMPS = ['none', 'patch', 'minor', 'major'];

/** Any place in the sample with any value, also ones that no reader would let through. */
const places = listPlaces(SAMPLE);
/** What JSON can hold that JavaScript can make neither a text nor a number of. */
const unprintable = fc.constantFrom(...['toString', 'valueOf', '__proto__'].map((key) => JSON.parse(`{"${key}": []}`)));
const values = fc.oneof({ weight: 4, arbitrary: fc.jsonValue() }, { weight: 1, arbitrary: unprintable });
const edits = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...places), fc.option(values, { nil: undefined })), {
    selector: ([place]) => place,
    minLength: 1,
    maxLength: 4,
  })
  .map((list) => Object.fromEntries(list));

describe('diffManifests, for any change', () => {
  it('finds something exactly when the manifests are not the same', () => {
    fc.assert(
      fc.property(edits, (edit) => {
        const after = tryEdit(edit);
        fc.pre(after !== undefined);
        expect(diffManifests(SAMPLE, after).length > 0).toBe(canonicalJson(SAMPLE) !== canonicalJson(after));
        expect(diffManifests(after, SAMPLE).length > 0).toBe(!isSameJson(SAMPLE, after));
        expect(diffManifests(after, structuredClone(after))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('never demands less for more changes', () => {
    fc.assert(
      fc.property(edits, edits, (some, more) => {
        const [first, both] = [tryEdit(some), tryEdit({ ...more, ...some })];
        fc.pre(first !== undefined && both !== undefined);
        const changes = diffManifests(SAMPLE, first);
        const all = [...changes, ...diffManifests(SAMPLE, both)];
        expect(BUMPS.indexOf(demandedBump(all))).toBeGreaterThanOrEqual(BUMPS.indexOf(demandedBump(changes)));
        for (const change of changes) {
          const without = changes.filter((other) => other !== change);
          expect(BUMPS.indexOf(demandedBump(without))).toBeLessThanOrEqual(BUMPS.indexOf(demandedBump(changes)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives two changes in places apart at least the bump of each', () => {
    const apart = [
      '/actions/close-ticket/risk',
      '/connection/rateLimit/concurrency',
      '/triggers/ticket-changed/title',
      '/publisher',
      '/actions/close-ticket/input/properties/note/maxLength',
      '/scopes/ticket.read/title',
    ];
    const value = fc.constantFrom<unknown>('critical', 7, 'other');
    fc.assert(
      fc.property(fc.constantFrom(...apart), fc.constantFrom(...apart), value, value, (one, other, x, y) => {
        fc.pre(one !== other);
        const bump = (edit: Edit) => BUMPS.indexOf(demandedBump(diffManifests(SAMPLE, editManifest(SAMPLE, edit))));
        const together = bump({ [one]: x, [other]: y });
        expect(together).toBe(Math.max(bump({ [one]: x }), bump({ [other]: y })));
      }),
    );
  });
});

/** Containers where the comparison expects them may be replaced by anything only inside schemas: elsewhere the reader refuses it. */
function tryEdit(edit: Edit): Manifest | undefined {
  try {
    return editManifest(SAMPLE, edit);
  } catch {
    return undefined;
  }
}

/** Pointers to all that the comparison may be given any value for: leaves, and everything within a JSON Schema. */
function listPlaces(value: unknown, pointer = '', inSchema = false): string[] {
  if (typeof value !== 'object' || value === null) return [pointer];
  const below = Object.entries(value).flatMap(([key, inner]) =>
    listPlaces(
      inner,
      `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      inSchema || (pointer !== '' && '$schema' in value),
    ),
  );
  return inSchema ? [pointer, ...below] : below;
}
