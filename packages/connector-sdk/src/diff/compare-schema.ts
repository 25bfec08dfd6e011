import type { JsonSchema } from '../schema.ts';
import { type Change, type Path, toChange } from './change.ts';
import type { ChangeKind } from './change-kinds.ts';
import { type Compare, respelled } from './compare.ts';
import { compareNodes } from './schema/compare-nodes.ts';
import type { Difference, Relation } from './schema/difference.ts';
import { subjectOf } from './subject.ts';

/** Whether values of a schema go into the connector or come out of it. */
type Role = 'input' | 'output';

/** Compares two JSON Schemas: for values that go in, taking more is harmless; for values that come out, giving less is not. */
export function compareSchema(role: Role, what: string): Compare<JsonSchema> {
  return (before, after, path) => {
    const side = (root: JsonSchema) => ({ root, node: root, at: path, rootAt: path });
    const changes = new Map<string, Change>();
    for (const difference of compareNodes(side(before), side(after))) {
      const kind = KIND_OF[role](difference);
      const place = describePlace(difference.at.slice(path.length), difference.subject);
      const message = `${subjectOf(path)}: ${what}${place}: ${difference.detail}`;
      const change = toChange(kind, difference.at, difference.before, difference.after, message);
      changes.set(`${kind} ${change.path}`, change);
    }
    return changes.size > 0 ? [...changes.values()] : [respelled(path, before, after)];
  };
}

const KIND_OF: Readonly<Record<Role, (difference: Difference) => ChangeKind>> = {
  input({ subject, relation }) {
    if (subject === 'text') return 'schema-text-changed';
    if (subject === 'default') return 'input-default-changed';
    if (subject === 'property-removed') return 'input-property-removed';
    if (subject === 'required') return 'input-property-required';
    if (subject === 'optional') return 'input-property-optional';
    if (subject === 'property-added' && (relation === 'equal' || relation === 'wider')) return 'input-property-added';
    return INPUT_VALUES[relation];
  },
  output({ subject, relation }) {
    if (subject === 'text' || subject === 'default') return 'schema-text-changed';
    if (subject === 'property-removed') return 'output-property-removed';
    if (subject === 'required') return 'output-property-required';
    if (subject === 'optional') return 'output-property-optional';
    if (subject === 'property-added') return 'output-property-added';
    return OUTPUT_VALUES[relation];
  },
};

const INPUT_VALUES: Readonly<Record<Relation, ChangeKind>> = {
  equal: 'schema-respelled',
  wider: 'input-widened',
  narrower: 'input-narrowed',
  changed: 'input-changed',
};

const OUTPUT_VALUES: Readonly<Record<Relation, ChangeKind>> = {
  equal: 'schema-respelled',
  wider: 'output-widened',
  narrower: 'output-narrowed',
  changed: 'output-changed',
};

/** The names on the way to a subschema: ` items[].name`; of an added, removed or required property those around it. */
function describePlace(path: Path, subject: Difference['subject']): string {
  const names: string[] = [];
  for (let index = 0; index < path.length; index += 1) {
    if (path[index] === 'properties' && index + 1 < path.length) {
      index += 1;
      names.push(String(path[index]));
    } else if (path[index] === 'items' || path[index] === 'prefixItems') names.push('[]');
    else if (path[index] === 'additionalProperties') names.push('*');
  }
  if (subject === 'property-added' || subject === 'property-removed') names.pop();
  return names.length > 0 ? ` ${names.join('.').replaceAll('.[]', '[]')}` : '';
}
