import { isSameJson } from '../same-json.ts';
import {
  ANNOTATIONS,
  CONTAINERS,
  inside,
  isSchemaNode,
  resolveReferences,
  type SchemaNode,
  type Side,
} from './side.ts';

const SCALAR_KEYWORDS: ReadonlySet<string> = new Set([
  'type',
  'enum',
  'const',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'pattern',
  'format',
]);

export const UNION_KEYWORDS: ReadonlySet<string> = new Set(['anyOf', 'oneOf']);

/** The branches of `anyOf`, or of a `oneOf` whose branches exclude each other. `none`: no union; undefined: not understood. */
export function readUnion(side: Side<SchemaNode>): readonly Side[] | 'none' | undefined {
  const { anyOf, oneOf } = side.node;
  if (anyOf === undefined && oneOf === undefined) return 'none';
  if (anyOf !== undefined && oneOf !== undefined) return undefined;
  const [keyword, list] = oneOf === undefined ? ['anyOf', anyOf] : ['oneOf', oneOf];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const branches = list.map((branch: unknown, index) => inside(side, branch, keyword, index));
  return keyword === 'anyOf' || areDisjoint(branches) ? branches : undefined;
}

/**
 * A schema as a list of schemas of which each valid value satisfies one: a union with what stands beside it, or a schema
 * with a list of types. Undefined when what stands beside a union can't be moved into it.
 */
export function listAlternatives(side: Side<SchemaNode>): readonly Side[] | undefined {
  const union = readUnion(side);
  if (union === undefined) return undefined;
  if (union === 'none') {
    const { type } = side.node;
    return Array.isArray(type) ? type.map((one: unknown) => ({ ...side, node: { ...side.node, type: one } })) : [side];
  }
  const kept = Object.entries(side.node).filter(([key]) => !ignored(key) && !UNION_KEYWORDS.has(key));
  if (kept.length === 0) return union;
  if (!kept.every(([key]) => SCALAR_KEYWORDS.has(key))) return undefined;
  const merged = union.map((branch) => {
    const target = resolveReferences(branch);
    if (!target || !isSchemaNode(target.node)) return undefined;
    const { node } = target;
    if (kept.some(([key]) => Object.hasOwn(node, key))) return undefined;
    return { ...target, node: { ...Object.fromEntries(kept), ...node } };
  });
  return merged.every((branch) => branch !== undefined) ? merged : undefined;
}

function ignored(key: string): boolean {
  return ANNOTATIONS.has(key) || CONTAINERS.has(key);
}

function areDisjoint(branches: readonly Side[]): boolean {
  const traits = branches.map(readTraits);
  return traits.every((one, index) => traits.slice(index + 1).every((other) => exclude(one, other)));
}

/** What values of a schema certainly have, as far as it helps to tell schemas apart. */
export interface Traits {
  /** Undefined: any. */
  readonly type: string | undefined;
  /** Required properties that have one value. */
  readonly marks: ReadonlyMap<string, unknown>;
  readonly required: readonly string[];
}

export function readTraits(side: Side): Traits {
  const node = resolveReferences(side)?.node;
  if (!isSchemaNode(node)) return { type: undefined, marks: new Map(), required: [] };
  const type = typeof node.type === 'string' ? node.type : undefined;
  const required: string[] = Array.isArray(node.required)
    ? node.required.filter((name) => typeof name === 'string')
    : [];
  const properties = isSchemaNode(node.properties) ? node.properties : {};
  const marks = required.flatMap((name): [string, unknown][] => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return isSchemaNode(property) && Object.hasOwn(property, 'const') ? [[name, property.const]] : [];
  });
  return { type, marks: new Map(marks), required: [...required].sort() };
}

function exclude(a: Traits, b: Traits): boolean {
  if (a.type === undefined || b.type === undefined) return false;
  const [low, high] = [a.type, b.type].sort();
  // Every integer is a number.
  if (a.type !== b.type) return !(low === 'integer' && high === 'number');
  return (
    a.type === 'object' &&
    [...a.marks].some(([name, mark]) => b.marks.has(name) && !isSameJson(mark, b.marks.get(name)))
  );
}
