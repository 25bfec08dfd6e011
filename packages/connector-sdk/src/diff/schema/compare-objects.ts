import { quote } from '../subject.ts';
import { combine, type Difference } from './difference.ts';
import { inside, isSchemaNode, type SchemaNode, type Side } from './side.ts';
import type { Walk } from './walk.ts';

export const OBJECT_KEYWORDS: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'additionalProperties',
  'propertyNames',
  'required',
]);

/** Compares what the keywords of {@link OBJECT_KEYWORDS} say together. */
export function compareObjects(before: Side<SchemaNode>, after: Side<SchemaNode>, walk: Walk): Difference[] {
  const [old, young] = [readObject(before), readObject(after)];
  if (!old || !young || !isSameList(old.patterns, young.patterns)) return [opaque(before, after)];
  // A name that a pattern also takes has two schemas: then names may not move between `properties` and the rest.
  if (old.patterns.length > 0 && !isSameList(old.names, young.names)) return [opaque(before, after)];
  const names = [...new Set([...old.names, ...young.names])];
  return [
    ...names.flatMap((name) => compareProperty(name, old, young, walk)),
    ...compareRequired(names, old, young),
    ...old.patterns.flatMap((pattern) => walk.compare(old.pattern(pattern), young.pattern(pattern), true)),
    ...walk.compare(old.additional, young.additional, true),
    ...walk.compare(old.propertyNames, young.propertyNames),
  ];
}

interface ObjectSchema {
  readonly side: Side<SchemaNode>;
  readonly names: readonly string[];
  readonly patterns: readonly string[];
  readonly required: readonly string[];
  readonly additional: Side;
  readonly propertyNames: Side;
  property(name: string): Side;
  pattern(pattern: string): Side;
}

function readObject(side: Side<SchemaNode>): ObjectSchema | undefined {
  const {
    properties = {},
    patternProperties = {},
    required = [],
    additionalProperties = true,
    propertyNames = true,
  } = side.node;
  if (!isSchemaNode(properties) || !isSchemaNode(patternProperties) || !isNameList(required)) return undefined;
  return {
    side,
    names: Object.keys(properties).sort(),
    patterns: Object.keys(patternProperties).sort(),
    required,
    additional: inside(side, additionalProperties, 'additionalProperties'),
    propertyNames: inside(side, propertyNames, 'propertyNames'),
    property: (name) => inside(side, properties[name], 'properties', name),
    pattern: (pattern) => inside(side, patternProperties[pattern], 'patternProperties', pattern),
  };
}

function compareProperty(name: string, old: ObjectSchema, young: ObjectSchema, walk: Walk): Difference[] {
  const [was, is] = [old.names.includes(name), young.names.includes(name)];
  const [mandatory, now] = [old.required.includes(name), young.required.includes(name)];
  const presence = mandatory === now ? 'equal' : now ? 'narrower' : 'wider';
  if (was && is) return walk.compare(old.property(name), young.property(name), !mandatory);
  if (is) {
    const { at, node } = young.property(name);
    const relation = walk.relate(old.additional, young.property(name));
    return [
      {
        at,
        relation: combine(relation, presence),
        subject: 'property-added',
        before: undefined,
        after: node,
        detail: `the property ${quote(name)} is new${now ? ' and required' : ''}`,
      },
    ];
  }
  const { at, node } = old.property(name);
  const relation = walk.relate(old.property(name), young.additional);
  return [
    {
      at,
      relation: combine(relation, presence),
      subject: 'property-removed',
      before: node,
      after: undefined,
      detail: `the property ${quote(name)} is gone`,
    },
  ];
}

/** Names that became required or optional; those of added and removed properties are told with them. */
function compareRequired(names: readonly string[], old: ObjectSchema, young: ObjectSchema): Difference[] {
  const moved = new Set(names.filter((name) => old.names.includes(name) !== young.names.includes(name)));
  const change = (name: string, from: ObjectSchema, subject: 'required' | 'optional'): Difference => ({
    at: [...from.side.at, 'required', from.required.indexOf(name)],
    relation: subject === 'required' ? 'narrower' : 'wider',
    subject,
    before: subject === 'required' ? undefined : name,
    after: subject === 'required' ? name : undefined,
    detail: `the property ${quote(name)} is ${subject} now`,
  });
  return [
    ...[...new Set(young.required)]
      .filter((name) => !old.required.includes(name) && !moved.has(name))
      .map((name) => change(name, young, 'required')),
    ...[...new Set(old.required)]
      .filter((name) => !young.required.includes(name) && !moved.has(name))
      .map((name) => change(name, old, 'optional')),
  ];
}

function opaque(before: Side<SchemaNode>, after: Side<SchemaNode>): Difference {
  const detail = 'its properties changed in a way that is not understood';
  return { at: after.at, relation: 'changed', subject: 'value', before: before.node, after: after.node, detail };
}

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry, index) => entry === right[index]);
}
