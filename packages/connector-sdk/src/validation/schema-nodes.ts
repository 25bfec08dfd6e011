import type { Manifest } from '../manifest.ts';
import type { Path } from './rule.ts';

export type SchemaNode = Readonly<Record<string, unknown>>;

/** Every JSON Schema of what comes in from outside, with its place: action inputs, connection config, channel targets. */
export function listInputSchemas({ actions, connection, approvalChannels }: Manifest): [Path, SchemaNode][] {
  return [
    [['connection', 'config'], connection.config],
    ...Object.entries(actions).map(([key, { input }]): [Path, SchemaNode] => [['actions', key, 'input'], input]),
    ...Object.entries(approvalChannels).map(([key, { target }]): [Path, SchemaNode] => [
      ['approvalChannels', key, 'target'],
      target,
    ]),
  ];
}

/** Every JSON Schema in a manifest. */
export function listSchemas(manifest: Manifest): [Path, SchemaNode][] {
  const { actions, triggers, connection } = manifest;
  const schemas = listInputSchemas(manifest);
  for (const [key, { output }] of Object.entries(actions)) schemas.push([['actions', key, 'output'], output]);
  for (const [key, { event }] of Object.entries(triggers)) schemas.push([['triggers', key, 'event'], event]);
  for (const [key, auth] of Object.entries(connection.auth)) {
    if (auth.kind === 'custom') schemas.push([['connection', 'auth', key, 'secret'], auth.secret]);
  }
  return schemas;
}

const ONE = [
  'items',
  'additionalProperties',
  'propertyNames',
  'contains',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
];
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];

/** A schema and all schemas inside it. Depth is bounded by the JSON text itself: a parsed schema has no cycles. */
export function* walkSchema(path: Path, node: unknown): Generator<[Path, SchemaNode]> {
  if (!isNode(node)) return;
  yield [path, node];
  for (const key of ONE) yield* walkSchema([...path, key], node[key]);
  for (const key of LISTS) {
    const list = node[key];
    if (Array.isArray(list))
      for (const [index, child] of list.entries()) yield* walkSchema([...path, key, index], child);
  }
  for (const key of MAPS) {
    const map = node[key];
    if (isNode(map)) for (const [name, child] of Object.entries(map)) yield* walkSchema([...path, key, name], child);
  }
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
