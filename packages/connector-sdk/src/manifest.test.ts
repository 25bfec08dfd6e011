import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import { ENGINE_RANGE, VERSION } from './engine-range.ts';
import { isConnectorError, manifestJsonSchema, parseManifest } from './index.ts';

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

const read = (name: string): Json =>
  JSON.parse(readFileSync(new URL(`../../../manifests/${name}.json`, import.meta.url), 'utf8'));
const REAL = ['github', 'servicenow', 'slack'].map(read);

const published = new Ajv2020({ strict: true, strictRequired: false }).compile(manifestJsonSchema());

function parses(manifest: unknown): boolean {
  try {
    parseManifest(new TextEncoder().encode(JSON.stringify(manifest)));
    return true;
  } catch (error) {
    if (!isConnectorError(error)) throw error;
    return false;
  }
}

describe('the published JSON Schema', () => {
  it('is what the code says (`vitest run -u` writes it)', async () => {
    await expect(`${JSON.stringify(manifestJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../manifest.schema.json');
  });

  it('accepts exactly what parseManifest accepts', () => {
    let accepted = 0;
    fc.assert(
      fc.property(changedManifest, (manifest) => {
        const fits = published(manifest);
        if (fits) accepted++;
        expect([parses(manifest), published.errors?.[0]]).toEqual([fits, published.errors?.[0]]);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(150);
    expect(accepted).toBeLessThan(2850);
  });

  it('counts characters as parseManifest does', () => {
    for (const title of ['😀'.repeat(120), '😀'.repeat(121), '', 'ö'.repeat(120)]) {
      const manifest = { ...(REAL[0] as object), title };
      expect([title.length, published(manifest)]).toEqual([title.length, parses(manifest)]);
    }
  });
});

describe('engines and versions', () => {
  it.each(['>=0.0.0', '^1.2.0', '~1.2.3 || ^2.0.0', '>=1.2.0 <3.0.0', '1.x', '*', '^1', '>=1.0.0-rc.1'])(
    'take %s',
    (range) => {
      expect([ENGINE_RANGE.test(range), semver.validRange(range) !== null]).toEqual([true, true]);
    },
  );

  it.each([
    '',
    ' ',
    'latest',
    '>= 1.0.0',
    '1.0.0 - 2.0.0',
    '>=01.0.0',
    '^1.0.0 ||',
    '>=1.0.0-01',
    '>=1.0.0  <2.0.0',
    '>1.x',
    `>=1.${'9'.repeat(20)}.0`,
  ])('refuse %j', (range) => {
    expect(ENGINE_RANGE.test(range)).toBe(false);
  });

  it('are all read by semver', () => {
    const part = fc.constantFrom(
      '0',
      '1',
      '10',
      '999999999',
      '01',
      '.',
      'x',
      '*',
      '-',
      'rc',
      '>=',
      '<',
      '^',
      '~',
      '=',
      ' ',
      ' || ',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
        (text) => {
          if (ENGINE_RANGE.test(text)) expect([text, semver.validRange(text)]).not.toEqual([text, null]);
          if (VERSION.test(text)) expect([text, semver.valid(text)]).toEqual([text, text]);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

const NEAR = [
  '',
  'a',
  'constructor',
  'toString',
  'a.b',
  '😀'.repeat(70),
  'x'.repeat(600),
  '/',
  '>=1.0.0',
  '1.0.0-01',
  '{body}',
  0,
  -0,
  1.5,
  1e9,
  1e300,
  true,
  null,
];
const near: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(...NEAR),
  fc.constantFrom<Json>([], {}, ['refresh_token'], { since: '1.0.0' }, { header: 'X' }, { digest: 'body' }),
  fc.constant(null).map((): Json => ({ $schema: 'https://json-schema.org/draft/2020-12/schema' })),
);

/** A real manifest in which up to three places hold something else, nothing, or more. */
const changedManifest: fc.Arbitrary<Json> = fc
  .tuple(
    fc.constantFrom(...REAL),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('nudge', 'nudge', 'nudge', 'nudge', 'replace', 'remove', 'add', 'rename', 'repeat'),
        near,
        fc.constantFrom('deprecated', 'use', 'constructor', 'Bad', 'a.b', 'prefix'),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  )
  .map(([manifest, changes]) => {
    const copy = structuredClone(manifest);
    for (const [at, how, value, name] of changes) {
      const places = placesIn(copy);
      const [parent, key] = places[at % places.length] ?? [copy, ''];
      // Its own: a later change must not reach into another place, or into itself.
      change(parent, key, how, structuredClone(value), name);
    }
    return copy;
  });

function change(parent: Json, key: string, how: string, value: Json, name: string): void {
  if (Array.isArray(parent)) {
    if (how === 'repeat') parent.push(...Array.from({ length: 51 }, () => structuredClone(parent[0] ?? null)));
    else if (how === 'remove') parent.splice(Number(key), 1);
    else parent[Number(key)] = how === 'nudge' ? nudge(parent[Number(key)] ?? null, name) : value;
  } else if (typeof parent === 'object' && parent !== null) {
    const before = parent[key] ?? null;
    if (how !== 'add') delete parent[key];
    if (how === 'nudge') parent[key] = nudge(before, name);
    if (how === 'replace' || how === 'repeat') parent[key] = value;
    if (how === 'add') parent[name] = value;
    if (how === 'rename') parent[name] = before;
  }
}

/** Another value of the same kind. */
function nudge(value: Json, by: string): Json {
  if (typeof value === 'string') return by === 'use' ? value.slice(1) : `${value}-${by.toLowerCase()}`;
  if (typeof value === 'number') return by === 'Bad' ? value + 0.5 : value * (by === 'prefix' ? 1000 : 2);
  if (typeof value === 'boolean') return !value;
  return value;
}

/** Every place outside of embedded schemas, whose inside is not the manifest's to judge. */
function placesIn(value: Json): [Json, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]): [Json, string][] => {
    const embedded = typeof item === 'object' && item !== null && '$schema' in item;
    return [[value, key], ...(embedded ? [] : placesIn(item))];
  });
}
