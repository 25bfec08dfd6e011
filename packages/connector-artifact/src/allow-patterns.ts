/** Whether a member of `allow` names this connector: the id itself, or a prefix that ends in `-*`. */
export function matchesPattern(pattern: string, id: string): boolean {
  return isPrefix(pattern) ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
}

/** Whether two members have ids in common and at least one of them is a prefix. */
export function overlap(a: string, b: string): boolean {
  if (!isPrefix(a)) return isPrefix(b) && matchesPattern(b, a);
  return isPrefix(b) ? a.startsWith(b.slice(0, -1)) || b.startsWith(a.slice(0, -1)) : matchesPattern(a, b);
}

function isPrefix(pattern: string): boolean {
  return pattern.endsWith('*');
}
