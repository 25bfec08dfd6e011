/** Who is one person with whom, where people have names in several channels. */
export interface People {
  /** One name for all that somebody is known by. */
  personOf(actor: string): string;
  /** All of them, the given one too. */
  namesOf(actor: string): readonly string[];
}

/**
 * From lists that each hold one person's names. Lists that share a name are one person's. Nothing is guessed: names that no
 * list joins are two people's.
 */
export function createPeople(lists: readonly (readonly string[])[]): People {
  const sets = new Map<string, ReadonlySet<string>>();
  for (const list of lists) {
    const joined = new Set(list.flatMap((name) => [...(sets.get(name) ?? [name])]));
    for (const name of joined) sets.set(name, joined);
  }
  const namesOf = (actor: string) => [...(sets.get(actor) ?? [actor])].sort();
  return { namesOf, personOf: (actor) => namesOf(actor)[0] ?? actor };
}
