import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../canonical-json.ts';
import { parseManifest } from '../manifest.ts';
import type { FragmentExample, Json, Profile, Rule } from './rule.ts';
import { rulePage, rulePath } from './rule-page.ts';
import { rules } from './rule-set.ts';
import { changed, sampleManifest } from './test-manifest.ts';
import { toPointer, validateManifest } from './validate-manifest.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function withFragment(at: string, value: Json | undefined): Record<string, Json> {
  if (at !== '') return changed(at, value);
  return { ...sampleManifest(), ...(typeof value === 'object' && !Array.isArray(value) ? value : {}) };
}

/** As `connector build` writes it; half a character has no such form. */
function encodeManifest(manifest: Record<string, Json>): Uint8Array {
  const text = JSON.stringify(manifest);
  return encode(/\\ud[89a-f]/.test(text) ? text : canonicalJson(manifest));
}

function findWith(rule: Rule, example: FragmentExample, value: Json | undefined) {
  const { at, previous } = example;
  const profile: Profile = rule.severity ? 'pr' : 'release';
  const last = previous === undefined ? {} : { previous: parseManifest(encodeManifest(withFragment(at, previous))) };
  return validateManifest(encodeManifest(withFragment(at, value)), { profile, ...last });
}

describe('rules', () => {
  it.each<Profile>(['pr', 'release'])('have nothing against the sample in %s', (profile) => {
    expect(validateManifest(encodeManifest(sampleManifest()), { profile })).toEqual([]);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))(
    '%s finds its bad example where it says, and not its good one',
    (id, rule) => {
      const { example } = rule;
      if ('badText' in example) {
        const options = { profile: rule.severity ? 'pr' : 'release' } as const;
        const ids = (text: string) => validateManifest(encode(text), options).map(({ ruleId }) => ruleId);
        expect(ids(example.badText)).toContain(id);
        expect(ids(example.goodText)).not.toContain(id);
      } else {
        const found = findWith(rule, example, example.bad).filter(({ ruleId }) => ruleId === id);
        expect(found.map(({ path }) => toPointer(path))).toEqual([example.found]);
        expect(findWith(rule, example, example.good).filter(({ ruleId }) => ruleId === id)).toEqual([]);
      }
    },
  );

  it('are each in a file of their name, under an id of their own', async () => {
    const files = await readdir(fileURLToPath(new URL('../rules/', import.meta.url)));
    expect(files.sort()).toEqual(rules.map(({ id }) => `${id}.ts`).sort());
  });

  it('say what, why and how in sentences of their own', () => {
    for (const text of ['title', 'why', 'fix'] as const) {
      expect(new Set(rules.map((rule) => rule[text])).size).toBe(rules.length);
    }
    for (const { id, title, why, fix } of rules) {
      expect(`${id}: ${title}`).toMatch(/[^.]$/);
      expect(`${id}: ${why} ${fix}`).toMatch(/\.`?$/);
    }
  });

  it('have a page that shows where the bad example is found', () => {
    for (const rule of rules) {
      const page = rulePage(rule);
      expect(page).toContain(`# ${rule.id}`);
      expect(page).toContain(rule.why);
      if ('at' in rule.example) expect(page).toContain(`(found at \`${rule.example.found || '(top)'}\`)`);
    }
    expect(rulePath('scope-unused')).toBe('docs/rules/scope-unused.md');
  });
});
