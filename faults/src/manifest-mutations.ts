import fc from 'fast-check';

export type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

/** Manifests one to four steps away from a valid one, as trees and as bytes. */
export function mutatedManifests(valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const trees = valid.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Json);
  const tree = fc
    .tuple(fc.constantFrom(...trees), fc.array(fc.tuple(change(trees), fc.nat()), { minLength: 1, maxLength: 4 }))
    .map(([base, changes]) => {
      const copy = structuredClone(base);
      for (const [apply, pick] of changes) changeOne(copy, pick, apply);
      return new TextEncoder().encode(JSON.stringify(copy));
    });
  const text = fc
    .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(edit, fc.nat()), { minLength: 1, maxLength: 4 }))
    .map(([base, edits]) => edits.reduce((bytes, [apply, pick]) => apply(bytes, pick % (bytes.length + 1)), base));
  return fc.oneof({ weight: 3, arbitrary: tree }, { weight: 1, arbitrary: text });
}

/** Changes the member of an object or list. */
type Change = (holder: Json[] | { [key: string]: Json }, key: string) => void;

/** Words that mean something to a rule or to JavaScript. */
const words = fc.constantFrom(
  ...[
    '*',
    '*.com',
    'http://localhost',
    '{config.host}',
    '{config.}',
    'write',
    'read',
    'none',
    'marker',
    'safe',
    'string',
  ],
  ...[
    'object',
    '#',
    '#/$defs/a',
    '#/%',
    '^(a+)+$',
    '(',
    '\u202e',
    '\ud800',
    ' ',
    '',
    'TODO',
    'constructor',
    '__proto__',
  ],
  ...['0.0.0', '1.0.0-rc.1', 'password', '{body}', '{timestamp}.{body}', 'x'.repeat(3000)],
);
const names = fc.constantFrom(
  ...[
    '$ref',
    '$defs',
    '$id',
    'type',
    'pattern',
    'items',
    'properties',
    'required',
    'anyOf',
    'allOf',
    'not',
    'enum',
    'default',
  ],
  ...[
    'examples',
    'maxLength',
    'minimum',
    'additionalProperties',
    'token',
    'use',
    'deprecated',
    'toString',
    '__proto__',
    'a.b',
  ],
);

function change(trees: readonly Json[]): fc.Arbitrary<Change> {
  const value = fc.oneof(
    words.map((word): Json => word),
    fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], { $ref: '#' }),
    fc.jsonValue({ maxDepth: 2 }).map((json) => json as Json),
    fc.tuple(fc.constantFrom(...trees), fc.nat()).map(([tree, pick]) => structuredClone(subtree(tree, pick))),
  );
  return fc.oneof(
    value.map(
      (next): Change =>
        (holder, key) =>
          put(holder, key, next),
    ),
    fc.constant<Change>((holder, key) => {
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
    }),
    fc.tuple(names, value).map(
      ([name, next]): Change =>
        (holder) =>
          put(holder, name, next),
    ),
    names.map(
      (name): Change =>
        (holder, key) =>
          put(holder, name, Reflect.get(holder, key) as Json),
    ),
    fc.constant<Change>((holder, key) => {
      const member = Reflect.get(holder, key) as Json;
      put(holder, key, Array.isArray(member) ? [...member, ...member] : [member]);
    }),
    fc.integer({ min: 1, max: 140 }).map(
      (depth): Change =>
        (holder, key) => {
          let nested = Reflect.get(holder, key) as Json;
          for (let level = 0; level < depth; level += 1) nested = level % 2 === 0 ? { items: nested } : { not: nested };
          put(holder, key, nested);
        },
    ),
  );
}

function put(holder: Json[] | { [key: string]: Json }, key: string, value: Json): void {
  if (Array.isArray(holder)) holder.splice(Number(key) || 0, 1, value);
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function changeOne(tree: Json, pick: number, apply: Change): void {
  const holders = listHolders(tree);
  const holder = holders[pick % Math.max(1, holders.length)];
  if (!holder) return;
  const keys = Object.keys(holder);
  apply(holder, keys[Math.floor(pick / 7) % Math.max(1, keys.length)] ?? '0');
}

function subtree(tree: Json, pick: number): Json {
  const holders = listHolders(tree);
  return holders[pick % holders.length] ?? null;
}

function listHolders(tree: Json): (Json[] | { [key: string]: Json })[] {
  const holders: (Json[] | { [key: string]: Json })[] = [];
  const open = [tree];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    holders.push(next);
    open.push(...Object.values(next));
  }
  return holders;
}

type Edit = (bytes: Uint8Array, at: number) => Uint8Array;

const splice =
  (length: number, insert: (bytes: Uint8Array, at: number) => Uint8Array): Edit =>
  (bytes, at) =>
    Uint8Array.from([...bytes.subarray(0, at), ...insert(bytes, at), ...bytes.subarray(at + length)]);

/** Bytes that are wrong in JSON, in UTF-8, or in neither. */
const pieces = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u0000',
  '\\ud83d',
  '1e999',
  '9007199254740993',
  '\0',
  '\ufeff',
  '__proto__',
];

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((byte) => splice(1, () => Uint8Array.of(byte))),
  fc.integer({ min: 1, max: 300 }).map((length) => splice(length, () => new Uint8Array())),
  fc.integer({ min: 1, max: 300 }).map((length) => splice(0, (bytes, at) => bytes.slice(at, at + length))),
  fc.constantFrom(...pieces).map((piece) => splice(0, () => new TextEncoder().encode(piece))),
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => splice(0, () => bytes)),
);
