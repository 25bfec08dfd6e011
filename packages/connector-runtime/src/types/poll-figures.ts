/** What one turn of polling found. */
export interface PollFigures {
  readonly seen: number;
  /** Not yet known from a webhook or an earlier poll. */
  readonly new: number;
  readonly duplicate: number;
  /** Of the new ones, stored without a run: they are older than the backfill window. */
  readonly tooOld: number;
  readonly runs: number;
  readonly pages: number;
}
