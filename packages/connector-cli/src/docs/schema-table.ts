import { canonicalJson } from '@org/connector-sdk';
import { visible } from '../formats/visible.ts';
import { code, inline, table } from './markdown.ts';
import { constraintsOf, typeOf } from './schema-words.ts';

type SchemaNode = Readonly<Record<string, unknown>>;

/** Deeper members are left to the manifest: a table is for reading. */
const DEEPEST = 6;

/** What a JSON Schema takes, as Markdown: a table of members, one for each alternative, or a sentence. */
export function describeSchema(schema: SchemaNode, nothing: string): string[] {
  const root = schema;
  const alternatives = listAlternatives(schema).map((node) => resolve(node, root));
  const objects = alternatives.filter((node) => isNode(node.properties) || node.type === 'object');
  if (objects.length < alternatives.length) return [sentenceFor(schema, root), ...examplesOf(schema)];
  return [
    ...objects.flatMap((node, index) => [
      ...(objects.length > 1 ? [index === 0 ? 'Either' : 'or', ''] : []),
      ...memberTable(node, root, nothing),
      ...(index < objects.length - 1 ? [''] : []),
    ]),
    ...examplesOf(schema),
  ];
}

function memberTable(node: SchemaNode, root: SchemaNode, nothing: string): string[] {
  const rows = listMembers(node, root, '', 0);
  if (rows.length === 0) return [nothing];
  return table(['member', 'type', 'required', 'constraints', 'meaning'], rows);
}

function listMembers(node: SchemaNode, root: SchemaNode, prefix: string, depth: number): string[][] {
  if (depth > DEEPEST) return [];
  const required: readonly unknown[] = Array.isArray(node.required) ? node.required : [];
  const properties = isNode(node.properties) ? node.properties : {};
  const names = Object.keys(properties).sort(
    (a, b) => Number(required.includes(b)) - Number(required.includes(a)) || (a < b ? -1 : 1),
  );
  return names.flatMap((name) => {
    const value = properties[name];
    const member = resolve(isNode(value) ? value : {}, root);
    const path = `${prefix}${name}`;
    const row = [
      code(path),
      typeOf(member),
      required.includes(name) ? 'yes' : 'no',
      constraintsOf(member),
      typeof member.description === 'string' ? inline(member.description) : '',
    ];
    return [row, ...listInner(member, root, path, depth + 1)];
  });
}

/** The members of what is in a member: of an object, of the entries of a list, of the alternatives that are objects. */
function listInner(member: SchemaNode, root: SchemaNode, path: string, depth: number): string[][] {
  return listAlternatives(member).flatMap((alternative) => {
    const node = resolve(alternative, root);
    if (isNode(node.properties)) return listMembers(node, root, `${path}.`, depth);
    return isNode(node.items) && depth <= DEEPEST
      ? listInner(resolve(node.items, root), root, `${path}[]`, depth + 1)
      : [];
  });
}

function sentenceFor(schema: SchemaNode, root: SchemaNode): string {
  const node = resolve(schema, root);
  const constraints = constraintsOf(node);
  return `A value of type ${typeOf(node)}${constraints === '' ? '' : `: ${constraints}`}.`;
}

function examplesOf({ examples }: SchemaNode): string[] {
  if (!Array.isArray(examples) || examples.length === 0) return [];
  return [
    '',
    'For example',
    ...examples.flatMap((example: unknown) => [
      '',
      ...fenced(JSON.stringify(JSON.parse(canonicalJson(example)), null, 2)),
    ]),
  ];
}

function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}json`, ...text.split('\n').map(visible), fence];
}

function listAlternatives(node: SchemaNode): readonly SchemaNode[] {
  const branches = node.anyOf ?? node.oneOf;
  return Array.isArray(branches) ? branches.filter(isNode) : [node];
}

/** What a `$ref` within the schema leads to; its own words stay. */
function resolve(node: SchemaNode, root: SchemaNode): SchemaNode {
  const { $ref, ...own } = node;
  if (typeof $ref !== 'string' || !$ref.startsWith('#/')) return node;
  let target: unknown = root;
  for (const key of $ref.slice(2).split('/')) {
    target = isNode(target) && Object.hasOwn(target, key) ? target[key] : undefined;
  }
  return isNode(target) && target.$ref === undefined ? { ...target, ...own } : own;
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
