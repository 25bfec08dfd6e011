import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../canonical-json.ts';
import { manifestSchema, parseManifest } from '../manifest.ts';
import { repairManifest } from './repair-manifest.ts';
import type { Json } from './rule.ts';
import { rules } from './rule-set.ts';
import { changed, sampleManifest } from './test-manifest.ts';
import { type ValidateOptions, validateManifest } from './validate-manifest.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const canonical = (manifest: Json) => encode(`${canonicalJson(manifest)}\n`);

function repair(manifest: Json, options?: ValidateOptions) {
  const { bytes, repaired } = repairManifest(canonical(manifest), options);
  return { value: JSON.parse(decode(bytes)) as unknown, rules: repaired.map(({ ruleId }) => ruleId) };
}

describe('repairManifest', () => {
  it.each<[string, string, Json]>([
    [
      'scope-unused',
      '/scopes/ticket.delete',
      { title: 'Delete tickets', description: 'Remove tickets.', provider: ['x'] },
    ],
    ['list-repeated', '/actions/get-ticket/scopes', ['ticket.read', 'ticket.read']],
    [
      'host-redundant',
      '/connection/allowedHosts',
      ['desk.example', '*.desk.example', '{config.host}', 'api.desk.example'],
    ],
    ['text-untrimmed', '/actions/get-ticket/title', '  Get  a ticket '],
  ])('mends %s back to the sample', (rule, pointer, value) => {
    expect(repair(changed(pointer, value))).toEqual({ value: sampleManifest(), rules: [rule] });
  });

  it('adds the $schema that the version implies, and none where another one stands', () => {
    expect(repair(changed('/$schema', undefined))).toEqual({ value: sampleManifest(), rules: ['manifest-schema'] });
    expect(repair(changed('/$schema', 'urn:other')).rules).toEqual([]);
  });

  it('writes UTF-8 for what a byte-order mark names, and leaves a guess alone', () => {
    const text = `\ufeff${canonicalJson(sampleManifest())}\n`;
    const swapped = Buffer.from(text, 'utf16le').swap16();
    for (const bytes of [encode(text), Buffer.from(text, 'utf16le'), swapped]) {
      const { bytes: mended, repaired } = repairManifest(bytes);
      expect(decode(mended)).toBe(text.slice(1));
      expect(repaired.map(({ ruleId }) => ruleId)).toEqual(['json-encoding']);
    }
    const odd = Uint8Array.of(0xff, 0xfe, 0x7b);
    expect(repairManifest(odd)).toEqual({ bytes: odd, repaired: [] });
    expect(validateManifest(odd)[0]?.repairable).toBe(false);
  });

  it('gives back the very bytes when there is nothing to mend', () => {
    const bytes = encode(JSON.stringify(changed('/connection/allowedHosts/0', '*'), null, 3));
    expect(repairManifest(bytes).bytes).toBe(bytes);
  });

  it('keeps the layout and the order of keys that people review', () => {
    const unused = { title: 'Delete tickets', description: 'Remove tickets.', provider: ['x'] };
    const before = JSON.stringify(changed('/scopes/ticket.delete', unused), null, '\t');
    const { bytes } = repairManifest(encode(`${before}\n`));
    expect(decode(bytes)).toBe(`${JSON.stringify(sampleManifest(), null, '\t')}\n`);
  });

  it('writes canonical JSON when the profile asks for it', () => {
    const { bytes, repaired } = repairManifest(encode(JSON.stringify(sampleManifest(), null, 2)), {
      profile: 'release',
    });
    expect(decode(bytes)).toBe(decode(canonical(sampleManifest())));
    expect(repaired.map(({ ruleId }) => ruleId)).toEqual(['manifest-not-canonical']);
  });

  it('mends only what the selected rules report', () => {
    const selected = rules.filter(({ id }) => id === 'text-untrimmed');
    const manifest = changed(
      '/actions/get-ticket/scopes',
      ['ticket.read', 'ticket.read'],
      changed('/title', ' Acme Desk'),
    );
    expect(repair(manifest, { rules: selected }).rules).toEqual(['text-untrimmed']);
  });

  it('mends several rules at once, and leaves nothing that it said it could mend', () => {
    const blanks = fc.constantFrom('', ' ', '\t', '\n');
    const names = fc.array(fc.constantFrom('ticket.read', 'ticket.write'), { maxLength: 4 });
    const hosts = fc.array(fc.constantFrom('desk.example', '*.desk.example', 'api.desk.example', 'DESK.example'), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(blanks, names, hosts, fc.constantFrom('pr', 'release'), (blank, scopes, allowed, profile) => {
        const manifest = changed('/title', `${blank}Acme${blank} Desk`, changed('/actions/get-ticket/scopes', scopes));
        const bytes = encode(JSON.stringify(changed('/connection/allowedHosts', allowed, manifest)));
        const options = { profile } as const;
        const before = validateManifest(bytes, options);
        const { bytes: mended, repaired } = repairManifest(bytes, options);
        const after = validateManifest(mended, options);
        expect(after.filter(({ repairable }) => repairable)).toEqual([]);
        expect(repaired.length >= before.filter(({ repairable }) => repairable).length).toBe(true);
        // Nothing is wider than it was: no host and no scope that was not there.
        const [was, is] = [parseManifest(bytes), parseManifest(mended)];
        expect(was.connection.allowedHosts).toEqual(expect.arrayContaining(is.connection.allowedHosts));
        expect(Object.keys(was.scopes)).toEqual(expect.arrayContaining(Object.keys(is.scopes)));
        expect(is.actions['get-ticket']?.scopes).toEqual([...new Set(scopes)]);
      }),
      { numRuns: 100 },
    );
  });

  it('says of every rule with a repair that it mends its bad example', () => {
    for (const rule of rules) {
      if (!rule.repair || 'badText' in rule.example || rule.id === 'manifest-schema') continue;
      const { at, bad } = rule.example;
      const { value, rules: mended } = repair(changed(at, bad));
      expect(mended).toContain(rule.id);
      expect(manifestSchema.safeParse(value).success).toBe(true);
    }
  });
});
