import { type Change, type Path, toChange } from './change.ts';
import type { ChangeKind } from './change-kinds.ts';
import { isSameJson } from './same-json.ts';
import { quote, subjectOf } from './subject.ts';

/** Classes the difference between two values that are not the same. `undefined` stands for an absent member. */
export type Compare<T> = (before: T, after: T, path: Path) => Change[];

type Members<T> = { readonly [Key in keyof T]-?: Compare<T[Key]> };

/**
 * Compares member by member. No difference gets lost: a member that `members` does not know, or whose comparison finds
 * nothing to say, is reported as `unclassified`, which is breaking.
 */
export function compareObject<T extends object>(members: Members<T>): Compare<T> {
  return (before, after, path) => {
    const [old, young] = [withoutPrototype(before), withoutPrototype(after)];
    return listKeys(old, young).flatMap((name) => {
      // A manifest of a later release may have members that the type does not; they are absent from `members` as well.
      const key = name as keyof T;
      const place = [...path, name];
      if (isSameJson(old[key], young[key])) return [];
      const compare: Compare<T[keyof T]> | undefined = Object.hasOwn(members, name) ? members[key] : undefined;
      return orUnclassified(compare?.(old[key], young[key], place) ?? [], old[key], young[key], place);
    });
  };
}

/** A copy in which a member named like one that every object inherits is absent when it is not there. */
function withoutPrototype<T extends object>(value: T): T {
  return Object.setPrototypeOf({ ...value }, null);
}

export interface RecordKinds<V> {
  added(value: V, path: Path, key: string): Change[];
  removed(value: V, path: Path, key: string): Change[];
  readonly changed: Compare<V>;
}

/** Compares what two records hold under the same keys, and tells what is in one only. */
export function compareRecord<V>({ added, removed, changed }: RecordKinds<V>): Compare<Readonly<Record<string, V>>> {
  return (before, after, path) =>
    listKeys(before, after).flatMap((key) => {
      const place = [...path, key];
      const [old, young] = [own(before, key), own(after, key)];
      if (isSameJson(old, young)) return [];
      if (old === undefined) return young === undefined ? [] : added(young, place, key);
      if (young === undefined) return removed(old, place, key);
      return orUnclassified(changed(old, young, place), old, young, place);
    });
}

export interface ListKinds {
  readonly added: ChangeKind;
  readonly removed: ChangeKind;
  /** What the entries are, in the singular. */
  readonly what: string;
}

/** Compares two lists as sets; entries that only moved, or stand twice, are `order-changed`. */
export function compareList({ added, removed, what }: ListKinds): Compare<readonly string[] | undefined> {
  return (before = [], after = [], path) => {
    const changes = [
      ...missingFrom(before, after).map(([entry, index]) =>
        toChange(added, [...path, index], undefined, entry, `${subjectOf(path)} has the ${what} ${quote(entry)}`),
      ),
      ...missingFrom(after, before).map(([entry, index]) =>
        toChange(
          removed,
          [...path, index],
          entry,
          undefined,
          `${subjectOf(path)} no longer has the ${what} ${quote(entry)}`,
        ),
      ),
    ];
    if (changes.length > 0) return changes;
    return [toChange('order-changed', path, before, after, `${subjectOf(path)} lists each ${what} in another order`)];
  };
}

/** The entries of `list` that `other` does not have, once each, with their place. */
export function missingFrom<T>(other: readonly T[], list: readonly T[]): [T, number][] {
  return list.flatMap((entry, index): [T, number][] =>
    other.includes(entry) || list.indexOf(entry) !== index ? [] : [[entry, index]],
  );
}

/** Any difference of a single value is of one kind. */
export function compareValue(kind: ChangeKind, what: string): Compare<unknown> {
  return (before, after, path) => [
    toChange(kind, path, before, after, `${subjectOf(path)}: ${what} was ${quote(before)}, is ${quote(after)}`),
  ];
}

/** A number that went up or down. `absent` is what a missing one means. What is no number is left to `unclassified`. */
export function compareNumber(up: ChangeKind, down: ChangeKind, what: string, absent = 0): Compare<number | undefined> {
  return (before = absent, after = absent, path) => {
    if (typeof before !== 'number' || typeof after !== 'number') return [];
    if (before === after) return [respelled(path, before, after)];
    const kind = after > before ? up : down;
    return [toChange(kind, path, before, after, `${subjectOf(path)}: ${what} was ${before}, is ${after}`)];
  };
}

export const compareText: Compare<string> = (before, after, path) => [
  toChange('text-changed', path, before, after, `${subjectOf(path)}: the ${path.at(-1)} reads differently`),
];

/** What says the same in other words, such as a default that is now spelled out. */
export function respelled(path: Path, before: unknown, after: unknown): Change {
  return toChange('schema-respelled', path, before, after, `${subjectOf(path)}: ${path.at(-1)} is written differently`);
}

function orUnclassified(changes: Change[], before: unknown, after: unknown, path: Path): Change[] {
  if (changes.length > 0) return changes;
  const message = `${subjectOf(path)}: ${path.at(-1)} was ${quote(before)}, is ${quote(after)}`;
  return [toChange('unclassified', path, before, after, message)];
}

/** Of both, sorted, once each. */
function listKeys(left: object, right: object): string[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
}

function own<V>(record: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
