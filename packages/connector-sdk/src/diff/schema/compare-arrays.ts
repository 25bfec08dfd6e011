import type { Difference } from './difference.ts';
import { inside, type SchemaNode, type Side } from './side.ts';
import type { Walk } from './walk.ts';

export const ARRAY_KEYWORDS: ReadonlySet<string> = new Set(['items', 'prefixItems']);

/** Compares what `prefixItems` and `items` say together. Undefined for forms of older drafts. */
export function compareArrays(before: Side<SchemaNode>, after: Side<SchemaNode>, walk: Walk): Difference[] | undefined {
  const [old, young] = [readArray(before), readArray(after)];
  if (!old || !young) return undefined;
  const places = Array.from({ length: Math.max(old.length, young.length) }, (_, index) => index);
  return [
    ...places.flatMap((index) => walk.compare(old.at(index), young.at(index))),
    ...walk.compare(old.rest, young.rest),
  ];
}

interface ArraySchema {
  readonly length: number;
  readonly rest: Side;
  at(index: number): Side;
}

function readArray(side: Side<SchemaNode>): ArraySchema | undefined {
  const { prefixItems = [], items = true } = side.node;
  if (!Array.isArray(prefixItems) || Array.isArray(items)) return undefined;
  const rest = inside(side, items, 'items');
  return {
    length: prefixItems.length,
    rest,
    at: (index) => (index < prefixItems.length ? inside(side, prefixItems[index], 'prefixItems', index) : rest),
  };
}
