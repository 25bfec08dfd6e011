import type { SchemaNode } from './side.ts';

const UNDERSTOOD: ReadonlySet<string> = new Set([
  '$schema',
  'title',
  'description',
  'examples',
  'deprecated',
  '$comment',
  'type',
  'enum',
  'const',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
]);

type Primitive = string | number | boolean | null;

/** All values that a schema takes, when it lists them; undefined when they may be more than listed, or not primitive. */
export function listValues(node: SchemaNode): readonly Primitive[] | undefined {
  const listed = Object.hasOwn(node, 'const') ? [node.const] : node.enum;
  return Array.isArray(listed) && listed.every(isPrimitive) ? listed : undefined;
}

/** Whether a schema certainly takes a value. False also when it says more than is understood here. */
export function accepts(node: SchemaNode, value: Primitive): boolean {
  if (!Object.keys(node).every((key) => UNDERSTOOD.has(key))) return false;
  if (node.enum !== undefined && Object.hasOwn(node, 'const')) return false;
  const listed = listValues(node);
  if ((node.enum !== undefined || Object.hasOwn(node, 'const')) && !listed?.includes(value)) return false;
  const types: readonly unknown[] = Array.isArray(node.type) ? node.type : [node.type];
  if (node.type !== undefined && !types.some((type) => hasType(value, type))) return false;
  if (typeof value === 'string') return isWithin([...value].length, node.minLength, node.maxLength);
  return typeof value !== 'number' || isWithin(value, node.minimum, node.maximum);
}

function hasType(value: Primitive, type: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type && value !== null;
}

function isWithin(size: number, least: unknown, most: unknown): boolean {
  return [
    [least, size],
    [size, most],
  ].every(([low, high]) => {
    if (low === undefined || high === undefined) return true;
    return typeof low === 'number' && typeof high === 'number' && low <= high;
  });
}

function isPrimitive(value: unknown): value is Primitive {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
