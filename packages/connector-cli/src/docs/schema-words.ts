import { canonicalJson } from '@org/connector-sdk';
import { code } from './markdown.ts';

type SchemaNode = Readonly<Record<string, unknown>>;

const LONGEST_PATTERN = 80;

/** The type of a value in a word or two, as Markdown. */
export function typeOf(node: SchemaNode): string {
  const branches = node.anyOf ?? node.oneOf;
  if (Array.isArray(branches)) return join(branches.filter(isNode).map(typeOf));
  if (Array.isArray(node.type)) return join(node.type.map((type: unknown) => code(String(type))));
  const items = node.items;
  if (node.type === 'array') return isNode(items) ? `list of ${typeOf(items)}` : 'list';
  if (typeof node.type === 'string') return code(node.type);
  return node.enum === undefined && !Object.hasOwn(node, 'const') ? 'any' : 'one of';
}

function join(types: readonly string[]): string {
  return [...new Set(types)].join(' or ');
}

/** What limits a value, as Markdown; alternatives each with their own. */
export function constraintsOf(node: SchemaNode): string {
  const own = listConstraints(node);
  const branches = node.anyOf ?? node.oneOf;
  const inner = Array.isArray(branches) ? branches.filter(isNode).map(constraintsOf) : [];
  const items = node.type === 'array' && isNode(node.items) ? constraintsOf(node.items) : '';
  return [...own, ...new Set(inner.filter((text) => text !== '')), ...(items === '' ? [] : [`each: ${items}`])].join(
    '; ',
  );
}

function listConstraints(node: SchemaNode): string[] {
  const found: string[] = [];
  if (Object.hasOwn(node, 'const')) found.push(value(node.const));
  if (Array.isArray(node.enum)) found.push(node.enum.map(value).join(', '));
  if (typeof node.format === 'string') found.push(code(node.format));
  // What a format stands for is not spelled out a second time.
  else if (typeof node.pattern === 'string') found.push(`matches ${code(shorten(node.pattern))}`);
  found.push(...range(node.minLength, node.maxLength, 'characters'));
  found.push(...range(node.minItems, node.maxItems, 'entries'));
  found.push(...range(node.minimum, node.maximum, ''));
  if (typeof node.exclusiveMinimum === 'number') found.push(`above ${node.exclusiveMinimum}`);
  if (typeof node.exclusiveMaximum === 'number') found.push(`below ${node.exclusiveMaximum}`);
  if (typeof node.multipleOf === 'number') found.push(`a multiple of ${node.multipleOf}`);
  if (node.uniqueItems === true) found.push('no entry twice');
  if (Array.isArray(node.examples) && node.examples.length > 0) {
    found.push(`for example ${node.examples.map(value).join(', ')}`);
  }
  if (Object.hasOwn(node, 'default')) found.push(`${value(node.default)} when absent`);
  return found;
}

/** Bounds that every safe integer keeps are no news. */
function range(least: unknown, most: unknown, what: string): string[] {
  const low = typeof least === 'number' && least > Number.MIN_SAFE_INTEGER ? least : undefined;
  const high = typeof most === 'number' && most < Number.MAX_SAFE_INTEGER ? most : undefined;
  const unit = what === '' ? '' : ` ${what}`;
  if (low === undefined) return high === undefined ? [] : [`at most ${high}${unit}`];
  if (high === undefined) return [`at least ${low}${unit}`];
  return [low === high ? `exactly ${low}${unit}` : `${low} to ${high}${unit}`];
}

function value(json: unknown): string {
  return code(shorten(canonicalJson(json)));
}

function shorten(text: string): string {
  return text.length > LONGEST_PATTERN ? `${text.slice(0, LONGEST_PATTERN)}…` : text;
}

function isNode(candidate: unknown): candidate is SchemaNode {
  return typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate);
}
