import type { Path } from '../change.ts';

/**
 * What happened to the set of valid values: `wider`, every value that was valid still is; `narrower`, every value that is
 * valid was; `changed`, neither is known; `equal`, both are.
 */
export type Relation = 'equal' | 'wider' | 'narrower' | 'changed';

export interface Difference {
  readonly at: Path;
  readonly relation: Relation;
  readonly subject:
    | 'value'
    | 'property-added'
    | 'property-removed'
    | 'required'
    | 'optional'
    /** Of something that could be left out. */
    | 'default'
    | 'text';
  readonly before: unknown;
  readonly after: unknown;
  /** In words, without saying where. */
  readonly detail: string;
}

/** The relation of values that satisfy two constraints, from the relation of each. */
export function combine(...relations: readonly Relation[]): Relation {
  const telling = new Set(relations.filter((relation) => relation !== 'equal'));
  const [only = 'equal', ...others] = telling;
  return others.length > 0 ? 'changed' : only;
}

/** What becomes of a set when it is replaced by another one. */
export function relateSets(before: ReadonlySet<unknown>, after: ReadonlySet<unknown>): Relation {
  const grown = [...before].every((value) => after.has(value));
  const shrunk = [...after].every((value) => before.has(value));
  if (grown) return shrunk ? 'equal' : 'wider';
  return shrunk ? 'narrower' : 'changed';
}
