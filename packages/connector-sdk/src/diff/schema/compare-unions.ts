import { quote } from '../subject.ts';
import type { Difference } from './difference.ts';
import { readTraits } from './read-union.ts';
import { isSameSchema, type Side } from './side.ts';
import type { Walk } from './walk.ts';

/**
 * Compares two lists of alternatives. Which ones are paired is a guess that only makes the report better: whatever the
 * pairs are, all of the old is covered when each old alternative is, and the other way round.
 */
export function compareUnions(before: readonly Side[], after: readonly Side[], walk: Walk): Difference[] {
  const old = before.filter((one) => !after.some((other) => isSameSchema(one, other)));
  const young = after.filter((one) => !before.some((other) => isSameSchema(other, one)));
  const pairs = findPairs(old, young);
  const gone = old.filter((one) => !pairs.some(([paired]) => paired === one));
  const fresh = young.filter((one) => !pairs.some(([, paired]) => paired === one));
  return [
    ...pairs.flatMap(([one, other]) => walk.compare(one, other)),
    ...gone
      .filter((one) => !after.some((other) => isCovered(walk.relate(one, other))))
      .map(({ at, node }): Difference => {
        const detail = `the alternative ${quote(node)} is gone`;
        return { at, relation: 'narrower', subject: 'value', before: node, after: undefined, detail };
      }),
    ...fresh
      .filter((other) => !before.some((one) => isCovering(walk.relate(one, other))))
      .map(({ at, node }): Difference => {
        const detail = `the alternative ${quote(node)} is new`;
        return { at, relation: 'wider', subject: 'value', before: undefined, after: node, detail };
      }),
  ];
}

function isCovered(relation: Difference['relation']): boolean {
  return relation === 'equal' || relation === 'wider';
}

function isCovering(relation: Difference['relation']): boolean {
  return relation === 'equal' || relation === 'narrower';
}

/** Alternatives that are recognisably the same one: of one type, with the same marks, or the only ones left. */
function findPairs(old: readonly Side[], young: readonly Side[]): [Side, Side][] {
  for (const identify of [byMarks, byRequired, byType]) {
    const pairs = pairBy(identify, old, young);
    if (pairs.length === old.length && pairs.length === young.length) return pairs;
  }
  return pairBy(byMarks, old, young);
}

function pairBy(identify: (side: Side) => string, old: readonly Side[], young: readonly Side[]): [Side, Side][] {
  const [ours, theirs] = [old.map(identify), young.map(identify)];
  const isUnique = (list: readonly string[], id: string) => list.indexOf(id) === list.lastIndexOf(id);
  return old.flatMap((one, index): [Side, Side][] => {
    const id = ours[index] ?? '';
    const other = young[theirs.indexOf(id)];
    return other && isUnique(ours, id) && isUnique(theirs, id) ? [[one, other]] : [];
  });
}

const byType = (side: Side): string => String(readTraits(side).type);

function byMarks(side: Side): string {
  const { type, marks } = readTraits(side);
  return JSON.stringify([type, [...marks].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

const byRequired = (side: Side): string => JSON.stringify([byMarks(side), readTraits(side).required]);
