import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../manifest.ts';
import { meaningRules, safetyRules, structureRules } from './rule-set.ts';
import { changed, type Json, sampleManifest } from './test-manifest.ts';
import { toPointer, validateManifest } from './validate-manifest.ts';

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function found(bytes: Uint8Array): string[] {
  return validateManifest(bytes).map(({ ruleId, path }) => `${ruleId} ${toPointer(path)}`);
}

/** Rule, what is changed in the sample, the new value, and where the rule must point. */
const BROKEN: [rule: string, pointer: string, value: Json | undefined, at: string][] = [
  ['manifest-version', '/manifestVersion', 2, ''],
  ['manifest-schema', '/title', undefined, '/title'],
  ['manifest-schema', '/actions/close-ticket/risk', 'tiny', '/actions/close-ticket/risk'],
  ['schema-invalid', '/actions/close-ticket/output/type', 'objekt', '/actions/close-ticket/output/type'],
  ['scope-undeclared', '/actions/close-ticket/scopes/1', 'ticket.delete', '/actions/close-ticket/scopes/1'],
  ['scope-undeclared', '/triggers/ticket-changed/scopes/0', 'ticket.watch', '/triggers/ticket-changed/scopes/0'],
  ['scope-unused', '/actions/close-ticket/scopes', [], '/scopes/ticket.write'],
  ['effect-idempotency', '/actions/close-ticket/idempotency/mode', 'safe', '/actions/close-ticket/idempotency/mode'],
  ['marker-without-resolve', '/actions/close-ticket/idempotency/resolve', false, '/actions/close-ticket/idempotency'],
  ['write-irreversible', '/actions/close-ticket/reversible', null, '/actions/close-ticket/reversible'],
  [
    'reversal-unknown',
    '/actions/close-ticket/reversible/action',
    'open-ticket',
    '/actions/close-ticket/reversible/action',
  ],
  [
    'reversal-unknown',
    '/actions/close-ticket/reversible/action',
    'constructor',
    '/actions/close-ticket/reversible/action',
  ],
  ['trigger-without-source', '/triggers/ticket-changed/polling', undefined, '/triggers/ticket-changed'],
  ...['*', '*.com', '*.co.uk', '*.*.example', 'api.*.example', '*desk.example'].map(
    (host): [string, string, Json, string] => [
      'host-too-wide',
      '/connection/allowedHosts/0',
      host,
      '/connection/allowedHosts/0',
    ],
  ),
  ['host-too-wide', '/connection/auth/app/hosts/0', '*', '/connection/auth/app/hosts/0'],
  ...[
    { type: 'string' },
    { type: ['string', 'null'] },
    { type: 'string', pattern: '^a+$' },
    { type: 'string', pattern: 'abc' },
    { type: 'string', pattern: '^a{3,}$' },
    { type: 'string', pattern: '^a$|b' },
    { type: 'string', format: 'uri' },
  ].map((schema): [string, string, Json, string] => [
    'input-unbounded-string',
    '/actions/close-ticket/input/properties/note',
    schema,
    '/actions/close-ticket/input/properties/note',
  ]),
  [
    'input-unbounded-string',
    '/connection/config/properties',
    { list: { type: 'array', items: { anyOf: [{ type: 'number' }, { type: 'string' }] } } },
    '/connection/config/properties/list/items/anyOf/1',
  ],
];

describe('validateManifest', () => {
  it('has nothing against the sample', () => {
    expect(found(encode(sampleManifest()))).toEqual([]);
  });

  it.each(BROKEN)('finds %s when %s is %j', (rule, pointer, value, at) => {
    expect(found(encode(changed(pointer, value)))).toEqual([`${rule} ${at}`]);
  });

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

  it('has a failing example here for every rule', () => {
    const examples = new Set([
      ...BROKEN.map(([rule]) => rule),
      'json-syntax',
      'json-encoding',
      'json-duplicate-key',
      'nesting-too-deep',
    ]);
    expect([...structureRules, ...safetyRules, ...meaningRules].map(({ id }) => id).sort()).toEqual(
      [...examples].sort(),
    );
  });

  it('keeps each rule in a file of its name', async () => {
    const files = await readdir(fileURLToPath(new URL('../rules/', import.meta.url)));
    expect(files.sort()).toEqual(
      [...structureRules, ...safetyRules, ...meaningRules].map(({ id }) => `${id}.ts`).sort(),
    );
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
        expect(validateManifest(bytes).some(({ ruleId }) => /^(manifest|json)-/.test(ruleId))).toBe(refused);
      }),
      { numRuns: 2000 },
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
