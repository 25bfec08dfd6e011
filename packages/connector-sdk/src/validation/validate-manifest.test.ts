import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../manifest.ts';
import type { Json } from './rule.ts';
import { structureRules } from './rule-set.ts';
import { changed, sampleManifest } from './test-manifest.ts';
import { toPointer, validateManifest } from './validate-manifest.ts';

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function found(bytes: Uint8Array): string[] {
  return validateManifest(bytes).map(({ ruleId, path }) => `${ruleId} ${toPointer(path)}`);
}

describe('validateManifest', () => {
  it.each<[string, Uint8Array]>([
    ['json-syntax', Buffer.from('{"a":')],
    ['json-syntax', new Uint8Array()],
    ['json-encoding', Buffer.from(`\ufeff${JSON.stringify(sampleManifest())}`)],
    ['json-encoding', Buffer.from(JSON.stringify(sampleManifest()), 'utf16le').fill(0xff, 0, 2)],
    ['json-encoding', Buffer.concat([encode(sampleManifest()), Buffer.from([0xc3])])],
    ['json-duplicate-key', Buffer.from('{"id":"a","i\\u0064":"b"}')],
  ])('finds %s in bytes that are no manifest', (rule, bytes) => {
    expect(found(bytes)).toEqual([`${rule} `]);
  });

  it('survives a manifest that is nested a hundred thousand times', () => {
    const text = JSON.stringify(changed('/connection/config/items', 'HERE'));
    const deep = text.replace('"HERE"', `${'{"items":'.repeat(1e5)}true${'}'.repeat(1e5)}`);
    expect(found(Buffer.from(deep))).toEqual(['nesting-too-deep ']);
  });

  it('never fails on changed manifests, says the same twice, and passes none that the schema refuses', () => {
    const pointers = pointersOf(sampleManifest());
    const value = fc.jsonValue({ maxDepth: 3 }).map((json) => json as Json);
    fc.assert(
      fc.property(fc.constantFrom(...pointers), fc.option(value, { nil: undefined }), (pointer, replacement) => {
        const manifest = changed(pointer, replacement);
        const bytes = encode(manifest);
        expect(validateManifest(bytes)).toEqual(validateManifest(bytes));
        const refused = !manifestSchema.safeParse(JSON.parse(Buffer.from(bytes).toString())).success;
        const structural = structureRules.map(({ id }) => id);
        expect(validateManifest(bytes).some(({ ruleId }) => structural.includes(ruleId))).toBe(refused);
      }),
      { numRuns: 500 },
    );
  });

  it('answers any bytes with findings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(validateManifest(bytes).length).toBeGreaterThan(0);
      }),
    );
  });
});

function pointersOf(value: Json, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at];
  const below = Object.entries(value).flatMap(([key, item]) => pointersOf(item, `${at}/${key}`));
  return at === '' ? below : [at, ...below];
}
