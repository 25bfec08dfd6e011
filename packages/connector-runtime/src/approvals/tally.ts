/** One person's word on a question. */
export interface Vote {
  readonly person: string;
  /** The name under which it was given. */
  readonly actor: string;
  readonly decision: 'approved' | 'denied';
  /** The names of the rules under which it counts. */
  readonly rules: readonly string[];
}

export interface Tally {
  /** What the question is closed with; undefined: it stays open. */
  readonly outcome: 'approved' | 'denied' | undefined;
  /** For each rule, in their order, whose "yes" counts under it. */
  readonly approvedBy: readonly (readonly string[])[];
}

/** One "no" denies. Enough people under one of the rules approve; people of different rules do not add up. */
export function tallyVotes(
  votes: readonly Vote[],
  rules: readonly { readonly name: string; readonly needed: number }[],
): Tally {
  const counting = votes.filter((vote) => vote.rules.length > 0);
  const approvedBy = rules.map(({ name }) => {
    const byPerson = new Map<string, string>();
    for (const { person, actor, decision, rules: under } of counting) {
      if (decision === 'approved' && under.includes(name) && !byPerson.has(person)) byPerson.set(person, actor);
    }
    return [...byPerson.values()];
  });
  if (counting.some(({ decision }) => decision === 'denied')) return { outcome: 'denied', approvedBy };
  const isEnough = rules.some(({ needed }, at) => (approvedBy[at]?.length ?? 0) >= needed);
  return { outcome: isEnough ? 'approved' : undefined, approvedBy };
}
