import type { Manifest } from '../manifest.ts';
import type { Path } from './rule.ts';
import { isNode, SCHEMA_KEYWORDS, type SchemaNode } from './schema-keywords.ts';

/** What a schema describes. `input`, `config` and `target` come from people and workflows, `secret` from administrators. */
export type SchemaRole = 'input' | 'config' | 'target' | 'secret' | 'output' | 'event';

/** A schema, at the top or inside another one, with its place. */
export interface SchemaPlace {
  readonly role: SchemaRole;
  readonly node: SchemaNode;
  /** The place of the whole schema. */
  readonly top: Path;
  readonly parent?: SchemaPlace;
  /** From the parent to here. */
  readonly steps: Path;
  /** Its name, when it is one of an object's properties. */
  readonly property?: string | undefined;
}

interface Walk {
  readonly places: SchemaPlace[];
  /** Of what comes in from outside. */
  readonly inputs: SchemaPlace[];
  readonly byKeyword: Map<string, SchemaPlace[]>;
}

const known = new WeakMap<Manifest, Walk>();

/** Every schema of a manifest and all schemas inside them, walked once for all rules. Relies on `nesting-too-deep`. */
export function listPlaces(manifest: Manifest): readonly SchemaPlace[] {
  return walkOf(manifest).places;
}

/** Those that have a keyword. */
export function listPlacesWith(manifest: Manifest, keyword: string): readonly SchemaPlace[] {
  return walkOf(manifest).byKeyword.get(keyword) ?? [];
}

/** Every keyword in use, known or not. */
export function listKeywords(manifest: Manifest): Iterable<string> {
  return walkOf(manifest).byKeyword.keys();
}

function walkOf(manifest: Manifest): Walk {
  const found = known.get(manifest);
  if (found) return found;
  const walk: Walk = { places: [], inputs: [], byKeyword: new Map() };
  for (const [role, top, node] of listSchemas(manifest)) addPlaces({ role, node, top, steps: [] }, walk);
  known.set(manifest, walk);
  return walk;
}

/** Every schema of what comes in from outside, and all inside them. */
export function listInputPlaces(manifest: Manifest): readonly SchemaPlace[] {
  return walkOf(manifest).inputs;
}

/** From the top of the manifest. */
export function pathOf(place: SchemaPlace, ...below: Path): Path {
  const parts: Path[] = [below];
  let at: SchemaPlace | undefined = place;
  for (; at; at = at.parent) parts.push(at.steps);
  parts.push(place.top);
  return parts.reverse().flat();
}

/** The schema that a place is in. */
export function rootOf(place: SchemaPlace): SchemaNode {
  let at = place;
  while (at.parent) at = at.parent;
  return at.node;
}

/** True when the schema allows values of this type. */
export function allowsType({ type }: SchemaNode, wanted: string): boolean {
  return type === wanted || (Array.isArray(type) && type.includes(wanted));
}

function listSchemas({ actions, triggers, connection, approvalChannels }: Manifest): [SchemaRole, Path, SchemaNode][] {
  const schemas: [SchemaRole, Path, SchemaNode][] = [['config', ['connection', 'config'], connection.config]];
  for (const [key, auth] of Object.entries(connection.auth)) {
    if (auth.kind === 'custom') schemas.push(['secret', ['connection', 'auth', key, 'secret'], auth.secret]);
  }
  for (const [key, { input, output }] of Object.entries(actions)) {
    schemas.push(['input', ['actions', key, 'input'], input], ['output', ['actions', key, 'output'], output]);
  }
  for (const [key, { event }] of Object.entries(triggers)) schemas.push(['event', ['triggers', key, 'event'], event]);
  for (const [key, { target }] of Object.entries(approvalChannels)) {
    schemas.push(['target', ['approvalChannels', key, 'target'], target]);
  }
  return schemas;
}

function addPlaces(place: SchemaPlace, walk: Walk): void {
  const { role, top, node } = place;
  walk.places.push(place);
  if (role !== 'output' && role !== 'event') walk.inputs.push(place);
  for (const keyword of Object.keys(node)) {
    const others = walk.byKeyword.get(keyword);
    if (others) others.push(place);
    else walk.byKeyword.set(keyword, [place]);
    const holds = SCHEMA_KEYWORDS.get(keyword)?.holds;
    if (holds === undefined) continue;
    const value = node[keyword];
    if (holds === 'schema') {
      if (isNode(value)) addPlaces({ role, top, node: value, parent: place, steps: [keyword] }, walk);
    } else if (holds === 'list') {
      for (const [index, one] of Array.isArray(value) ? value.entries() : []) {
        if (isNode(one)) addPlaces({ role, top, node: one, parent: place, steps: [keyword, index] }, walk);
      }
    } else if (isNode(value)) {
      for (const name of Object.keys(value)) {
        const one = value[name];
        if (!isNode(one)) continue;
        const steps = [keyword, name];
        const named = keyword === 'properties' ? name : undefined;
        addPlaces({ role, top, node: one, parent: place, steps, property: named }, walk);
      }
    }
  }
}
