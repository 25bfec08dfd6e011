import { isSameJson } from '../same-json.ts';
import { quote } from '../subject.ts';
import { type Difference, type Relation, relateSets } from './difference.ts';
import type { SchemaNode, Side } from './side.ts';

type Relate = (before: unknown, after: unknown) => Relation;

const atLeast: Relate = (before = 0, after = 0) => relateNumbers(after, before);
const atMost: Relate = (before = Number.POSITIVE_INFINITY, after = Number.POSITIVE_INFINITY) =>
  relateNumbers(before, after);

/** Keywords that each say something about a value by themselves. */
const LIMITS: Readonly<Record<string, Relate>> = {
  type: (before, after) => relateListed(listTypes(before), listTypes(after)),
  minLength: atLeast,
  maxLength: atMost,
  minItems: atLeast,
  maxItems: atMost,
  minProperties: atLeast,
  maxProperties: atMost,
  multipleOf: relateSteps,
  pattern: relateExactly,
  format: relateExactly,
  uniqueItems: (before = false, after = false) => relateBooleans(before, after),
};

const BOUNDS = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'] as const;
const CHOICES = ['enum', 'const'] as const;

export const LIMIT_KEYWORDS: ReadonlySet<string> = new Set([...Object.keys(LIMITS), ...BOUNDS, ...CHOICES]);

/** Compares the keywords of {@link LIMIT_KEYWORDS}. */
export function compareLimits(before: Side<SchemaNode>, after: Side<SchemaNode>): Difference[] {
  const found: Difference[] = [];
  const add = (keyword: string, relation: Relation, from: unknown, to: unknown) => {
    const at = [...(to === undefined ? before : after).at, keyword];
    const detail = `${keyword} was ${quote(from)}, is ${quote(to)}`;
    found.push({ at, relation, subject: 'value', before: from, after: to, detail });
  };
  for (const [keyword, relate] of Object.entries(LIMITS)) {
    const [from, to] = [before.node[keyword], after.node[keyword]];
    if (!isSameJson(from, to)) add(keyword, relate(from, to), from, to);
  }
  for (const [inclusive, exclusive, sign] of [
    ['minimum', 'exclusiveMinimum', -1],
    ['maximum', 'exclusiveMaximum', 1],
  ] as const) {
    const from = { [inclusive]: before.node[inclusive], [exclusive]: before.node[exclusive] };
    const to = { [inclusive]: after.node[inclusive], [exclusive]: after.node[exclusive] };
    if (isSameJson(from, to)) continue;
    const relation = relateBounds(
      readBound(from[inclusive], from[exclusive], sign),
      readBound(to[inclusive], to[exclusive], sign),
    );
    for (const keyword of [inclusive, exclusive]) {
      if (from[keyword] !== to[keyword]) add(keyword, relation, from[keyword], to[keyword]);
    }
  }
  const [from, to] = [readChoices(before.node), readChoices(after.node)];
  for (const keyword of CHOICES) {
    const [old, young] = [before.node[keyword], after.node[keyword]];
    if (!isSameJson(old, young)) add(keyword, relateListed(from, to), old, young);
  }
  return found;
}

function relateNumbers(least: unknown, most: unknown): Relation {
  if (typeof least !== 'number' || typeof most !== 'number') return 'changed';
  return least === most ? 'equal' : least < most ? 'wider' : 'narrower';
}

function relateSteps(before: unknown, after: unknown): Relation {
  if (before === undefined) return 'narrower';
  if (after === undefined) return 'wider';
  if (!Number.isSafeInteger(before) || !Number.isSafeInteger(after)) return 'changed';
  if (Number(before) % Number(after) === 0) return 'wider';
  return Number(after) % Number(before) === 0 ? 'narrower' : 'changed';
}

/** What can't be compared but for being the same: patterns, formats. */
function relateExactly(before: unknown, after: unknown): Relation {
  if (before === undefined) return 'narrower';
  return after === undefined ? 'wider' : 'changed';
}

function relateBooleans(before: unknown, after: unknown): Relation {
  if (typeof before !== 'boolean' || typeof after !== 'boolean') return 'changed';
  return before === after ? 'equal' : before ? 'wider' : 'narrower';
}

/** A bound seen from inside: a larger `reach` takes more. `open`: the bound itself is not taken. */
interface Bound {
  readonly reach: number;
  readonly open: boolean;
}

function readBound(inclusive: unknown, exclusive: unknown, sign: 1 | -1): Bound | undefined {
  const bounds: Bound[] = [];
  for (const [value, open] of [
    [inclusive, false],
    [exclusive, true],
  ] as const) {
    if (value === undefined) continue;
    if (typeof value !== 'number') return undefined;
    bounds.push({ reach: sign * value, open });
  }
  const none: Bound = { reach: Number.POSITIVE_INFINITY, open: false };
  return bounds.reduce((least, bound) => (isTighter(bound, least) ? bound : least), none);
}

function isTighter(a: Bound, b: Bound): boolean {
  return a.reach < b.reach || (a.reach === b.reach && a.open && !b.open);
}

function relateBounds(before: Bound | undefined, after: Bound | undefined): Relation {
  if (!before || !after) return 'changed';
  if (isTighter(before, after)) return 'wider';
  return isTighter(after, before) ? 'narrower' : 'equal';
}

/** Undefined for what is not understood. */
type Listed = ReadonlySet<unknown> | 'all' | undefined;

function relateListed(before: Listed, after: Listed): Relation {
  if (!before || !after) return 'changed';
  if (before === after) return 'equal';
  if (after === 'all') return 'wider';
  return before === 'all' ? 'narrower' : relateSets(before, after);
}

/** With `integer` beside each `number`, which it is a part of. */
function listTypes(type: unknown): Listed {
  if (type === undefined) return 'all';
  const names: readonly unknown[] = Array.isArray(type) ? type : [type];
  if (!names.every((name) => typeof name === 'string')) return undefined;
  return new Set(names.flatMap((name) => (name === 'number' ? ['number', 'integer'] : [name])));
}

/** The values that `enum` and `const` leave, each as text. */
function readChoices(node: SchemaNode): Listed {
  const { enum: listed, const: only } = node;
  if (listed !== undefined && !Array.isArray(listed)) return undefined;
  const texts = listed === undefined ? undefined : new Set(listed.map(canonicalText));
  if (!Object.hasOwn(node, 'const')) return texts ?? 'all';
  const text = canonicalText(only);
  return new Set(texts === undefined || texts.has(text) ? [text] : []);
}

/** JSON with sorted keys: one text per value. */
function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
