/** The names that are spelt most like `name`, best first. */
export function listClosest(name: string, names: readonly string[], most = 3): string[] {
  return names
    .map((other) => ({ other, distance: distanceOf(name, other) }))
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, most)
    .map(({ other }) => other);
}

/** Letters to insert, remove or replace (Levenshtein), less what both have in common by whole words. */
function distanceOf(one: string, other: string): number {
  const words = new Set(one.split('-'));
  const common = other.split('-').filter((word) => words.has(word)).length;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (let column = 1; column <= other.length; column += 1) {
      const [above = 0, left = 0, across = 0] = [row[column], next[column - 1], row[column - 1]];
      next.push(Math.min(above + 1, left + 1, across + (letter === other[column - 1] ? 0 : 1)));
    }
    row = next;
  }
  return (row.at(-1) ?? 0) - 3 * common;
}
