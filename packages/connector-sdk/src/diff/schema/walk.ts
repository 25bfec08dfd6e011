import type { Difference, Relation } from './difference.ts';
import type { Side } from './side.ts';

/** What the comparisons of single keywords get, to compare the subschemas in them. */
export interface Walk {
  /** The differences between two subschemas. `optional`: the value could be left out before. */
  compare(before: Side, after: Side, optional?: boolean): Difference[];
  /** What happened between them, without a report. */
  relate(before: Side, after: Side): Relation;
}
