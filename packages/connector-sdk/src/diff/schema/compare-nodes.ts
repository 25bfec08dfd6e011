import { isSameJson } from '../same-json.ts';
import { quote } from '../subject.ts';
import { ARRAY_KEYWORDS, compareArrays } from './compare-arrays.ts';
import { compareLimits, LIMIT_KEYWORDS } from './compare-limits.ts';
import { compareObjects, OBJECT_KEYWORDS } from './compare-objects.ts';
import { compareUnions } from './compare-unions.ts';
import { combine, type Difference, type Relation } from './difference.ts';
import { accepts, listValues } from './finite-values.ts';
import { listAlternatives, readUnion, UNION_KEYWORDS } from './read-union.ts';
import {
  ANNOTATIONS,
  CONTAINERS,
  inside,
  isEntangled,
  isSameSchema,
  isSchemaNode,
  resolveReferences,
  type SchemaNode,
  type Side,
} from './side.ts';
import type { Walk } from './walk.ts';

/** How many pairs of subschemas are compared before the rest counts as changed; unions can ask for very many. */
const MOST_PAIRS = 20_000;
const DEEPEST = 100;

/**
 * The differences between two JSON Schemas (2020-12), each with what became of the set of valid values. A schema is the
 * conjunction of its keywords and most subschemas stand where more inside means more outside; so when no difference is
 * `narrower` or `changed`, every value that was valid still is. Keywords for which that does not hold (`not`, `if`,
 * `contains` …) are compared as wholes, and any difference in them is `changed`.
 */
export function compareNodes(before: Side, after: Side): Difference[] {
  if (isSameJson(before.root, after.root)) return [];
  if (isEntangled(before.root) || isEntangled(after.root))
    return [unknown(before, after, 'it changed in a way that is not understood')];
  return createWalk({ pairs: 0 }, new Set(), 0).compare(before, after);
}

function createWalk(budget: { pairs: number }, seen: Set<string>, depth: number): Walk {
  const walk: Walk = {
    compare(before, after, optional = false) {
      budget.pairs += 1;
      if (isSameSchema(before, after)) return [];
      if (budget.pairs > MOST_PAIRS || depth > DEEPEST)
        return [unknown(before, after, 'it is too large to be compared')];
      const [old, young] = [resolveReferences(before), resolveReferences(after)];
      if (!old || !young) return [unknown(before, after, 'its references changed in a way that is not understood')];
      if (old !== before || young !== after) {
        const pair = JSON.stringify([old.at, young.at]);
        // Met again inside itself: a value is finite, so what differs is found on the way there.
        if (seen.has(pair)) return compareWords(before, after, false);
        seen.add(pair);
        const words = compareWords(before, after, false);
        return [...words, ...compareResolved(old, young, optional, createWalk(budget, seen, depth + 1))];
      }
      return compareResolved(old, young, optional, createWalk(budget, seen, depth + 1));
    },
    relate: (before, after) => {
      const differences = createWalk(budget, new Set(seen), depth).compare(before, after);
      return combine(...differences.map(({ relation }) => relation));
    },
  };
  return walk;
}

function compareResolved(before: Side, after: Side, optional: boolean, walk: Walk): Difference[] {
  if (isSameSchema(before, after)) return [];
  if (before.node === false || after.node === false) {
    const relation: Relation = after.node !== false ? 'wider' : before.node !== false ? 'narrower' : 'equal';
    const [was, is] = [before.node, after.node].map((node) => (node === false ? 'no value' : 'some values'));
    return [{ ...unknown(before, after, `it took ${was}, takes ${is}`), relation }];
  }
  const [old, young] = [readNode(before), readNode(after)];
  if (!old || !young) return [unknown(before, after, 'it changed in a way that is not understood')];
  return [...compareWords(old, young, optional), ...compareConstraints(old, young, walk)];
}

function compareConstraints(before: Side<SchemaNode>, after: Side<SchemaNode>, walk: Walk): Difference[] {
  const listed = compareListed(before, after);
  if (listed) return listed;
  const [old, young] = [readUnion(before), readUnion(after)];
  if ((old === 'none') !== (young === 'none')) {
    const [was, is] = [listAlternatives(before), listAlternatives(after)];
    if (was && is) return compareUnions(was, is, walk);
    return [unknown(before, after, 'its alternatives changed in a way that is not understood')];
  }
  return [
    ...compareLimits(before, after),
    ...(differIn(OBJECT_KEYWORDS, before, after) ? compareObjects(before, after, walk) : []),
    ...(differIn(ARRAY_KEYWORDS, before, after)
      ? (compareArrays(before, after, walk) ?? [
          unknown(before, after, 'its items changed in a way that is not understood'),
        ])
      : []),
    ...compareAllOf(before, after, walk),
    ...(old === undefined || young === undefined || old === 'none' || young === 'none'
      ? compareOpaque(UNION_KEYWORDS, before, after)
      : compareUnions(old, young, walk)),
    ...compareOpaque(listOtherKeywords(before, after), before, after),
  ];
}

/** When one of them lists its values, each can be asked whether the other takes it. */
function compareListed(before: Side<SchemaNode>, after: Side<SchemaNode>): Difference[] | undefined {
  const [old, young] = [listValues(before.node), listValues(after.node)];
  if (old && young) return undefined;
  const detail = `its values were ${quote(withoutWords(before.node))}, are ${quote(withoutWords(after.node))}`;
  if (old?.every((value) => accepts(after.node, value)))
    return [{ ...unknown(before, after, detail), relation: 'wider' }];
  if (young?.every((value) => accepts(before.node, value)))
    return [{ ...unknown(before, after, detail), relation: 'narrower' }];
  return undefined;
}

function compareAllOf(before: Side<SchemaNode>, after: Side<SchemaNode>, walk: Walk): Difference[] {
  const [old, young] = [before.node.allOf ?? [], after.node.allOf ?? []];
  if (!Array.isArray(old) || !Array.isArray(young)) return compareOpaque(new Set(['allOf']), before, after);
  const places = Array.from({ length: Math.max(old.length, young.length) }, (_, index) => index);
  return places.flatMap((index) =>
    walk.compare(
      inside(before, old[index] ?? true, 'allOf', index),
      inside(after, young[index] ?? true, 'allOf', index),
    ),
  );
}

/** Keywords that are the same or not, and nothing in between. */
function compareOpaque(keywords: ReadonlySet<string>, before: Side<SchemaNode>, after: Side<SchemaNode>): Difference[] {
  return [...keywords].sort().flatMap((keyword): Difference[] => {
    const [old, young] = [keywordOf(before, keyword), keywordOf(after, keyword)];
    if (isSameSchema(old, young)) return [];
    const { at } = young.node === undefined ? old : young;
    const detail = `${keyword} was ${quote(old.node)}, is ${quote(young.node)}`;
    return [{ at, relation: 'changed', subject: 'value', before: old.node, after: young.node, detail }];
  });
}

/** Its own only: an unknown keyword may be named like a member that every object inherits. */
function keywordOf(side: Side<SchemaNode>, keyword: string): Side {
  return inside(side, Object.hasOwn(side.node, keyword) ? side.node[keyword] : undefined, keyword);
}

const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...ANNOTATIONS,
  ...CONTAINERS,
  ...LIMIT_KEYWORDS,
  ...OBJECT_KEYWORDS,
  ...ARRAY_KEYWORDS,
  ...UNION_KEYWORDS,
  'allOf',
]);

function listOtherKeywords(before: Side<SchemaNode>, after: Side<SchemaNode>): Set<string> {
  const keywords = [...Object.keys(before.node), ...Object.keys(after.node)];
  return new Set(keywords.filter((keyword) => !UNDERSTOOD.has(keyword)));
}

function differIn(keywords: ReadonlySet<string>, before: Side<SchemaNode>, after: Side<SchemaNode>): boolean {
  return [...keywords].some((keyword) => !isSameSchema(keywordOf(before, keyword), keywordOf(after, keyword)));
}

function compareWords(before: Side, after: Side, optional: boolean): Difference[] {
  const [old, young] = [readNode(before)?.node ?? {}, readNode(after)?.node ?? {}];
  return [...ANNOTATIONS].flatMap((keyword): Difference[] => {
    const [from, to] = [old[keyword], young[keyword]];
    if (isSameJson(from, to)) return [];
    const at = [...(to === undefined ? before : after).at, keyword];
    const subject = keyword === 'default' && optional ? 'default' : 'text';
    const detail = `${keyword} was ${quote(from)}, is ${quote(to)}`;
    return [{ at, relation: 'equal', subject, before: from, after: to, detail }];
  });
}

function withoutWords(node: SchemaNode): SchemaNode {
  return Object.fromEntries(Object.entries(node).filter(([key]) => !ANNOTATIONS.has(key) && !CONTAINERS.has(key)));
}

function readNode(side: Side): Side<SchemaNode> | undefined {
  const { node } = side;
  if (node === true) return { ...side, node: {} };
  return isSchemaNode(node) ? { ...side, node } : undefined;
}

function unknown(before: Side, after: Side, detail: string): Difference {
  return { at: after.at, relation: 'changed', subject: 'value', before: before.node, after: after.node, detail };
}
