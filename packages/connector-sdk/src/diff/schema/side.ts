import type { Path } from '../change.ts';
import { isSameJson } from '../same-json.ts';

export type SchemaNode = Readonly<Record<string, unknown>>;

/** A subschema of the old or of the new schema. */
export interface Side<Node = unknown> {
  /** The schema that `#/…` refers to. */
  readonly root: unknown;
  readonly node: Node;
  /** In the manifest. */
  readonly at: Path;
  /** Of `root` in the manifest. */
  readonly rootAt: Path;
}

/** A subschema of a subschema. */
export function inside(side: Side, node: unknown, ...keys: Path): Side {
  return { ...side, node, at: [...side.at, ...keys] };
}

export function isSchemaNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Says nothing about which values are valid. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$comment',
]);

/** Holds or names schemas that count only where they are referred to. */
export const CONTAINERS: ReadonlySet<string> = new Set(['$schema', '$defs', 'definitions']);

const LONGEST_REFERENCE_CHAIN = 20;

/**
 * Follows `$ref` within the same schema. Undefined when it can't be followed, or does not stand alone: a reference
 * beside other constraints is both.
 */
export function resolveReferences(side: Side): Side | undefined {
  let at = side;
  for (let step = 0; step < LONGEST_REFERENCE_CHAIN; step += 1) {
    if (!isSchemaNode(at.node) || !Object.hasOwn(at.node, '$ref')) return at;
    const { $ref, ...beside } = at.node;
    const alone = Object.keys(beside).every((key) => ANNOTATIONS.has(key) || CONTAINERS.has(key));
    const target = alone && typeof $ref === 'string' ? findTarget(at, $ref) : undefined;
    if (!target) return undefined;
    at = target;
  }
  return undefined;
}

function findTarget(side: Side, reference: string): Side | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  const keys = reference.split('/').slice(1).map(decodeToken);
  let node = side.root;
  for (const key of keys) {
    if (key === undefined || typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined;
    node = Reflect.get(node, key);
  }
  return { ...side, node, at: [...side.rootAt, ...keys.filter((key) => key !== undefined)] };
}

function decodeToken(token: string): string | undefined {
  try {
    return decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    // A lone % sign: no such reference is valid.
    return undefined;
  }
}

/** Whether two subschemas are the same, with all that they refer to. */
export function isSameSchema(before: Side, after: Side): boolean {
  if (!isSameJson(before.node, after.node)) return false;
  return isSameJson(before.root, after.root) || !mentions(before.node, REFERENCE);
}

const REFERENCE: ReadonlySet<string> = new Set(['$ref', '$dynamicRef', '$recursiveRef']);

/** Keywords that change what references, or the keywords beside them, mean. */
const ENTANGLING: ReadonlySet<string> = new Set([
  '$id',
  '$anchor',
  '$dynamicAnchor',
  '$dynamicRef',
  '$recursiveRef',
  '$recursiveAnchor',
  '$vocabulary',
  'unevaluatedProperties',
  'unevaluatedItems',
]);

/** True when a schema can only be judged as a whole: some part of it decides about other parts. */
export function isEntangled(schema: unknown): boolean {
  return mentions(schema, ENTANGLING);
}

/** Looks at every key, also at those that are names of properties: too careful rather than too clever. */
function mentions(value: unknown, keys: ReadonlySet<string>): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next) && Object.keys(next).some((key) => keys.has(key))) return true;
    for (const inner of Object.values(next)) open.push(inner);
  }
  return false;
}
