/**
 * The sets of nodes that lead back to each other (Tarjan's strongly connected components), those of one node only where it
 * leads to itself. Takes time in proportion to the graph, and no stack.
 */
export function listCycles<T>(nodes: Iterable<T>, nextFrom: (node: T) => readonly T[]): Set<T>[] {
  const visits = new Map<T, Visit<T>>();
  const path: Visit<T>[] = [];
  const cycles: Set<T>[] = [];
  for (const start of nodes) {
    if (visits.has(start)) continue;
    const open = [enter(start, nextFrom, visits, path)];
    for (let visit = open.at(-1); visit; visit = open.at(-1)) {
      const next = visit.left.pop();
      if (next === undefined) {
        open.pop();
        const above = open.at(-1);
        if (above) above.lowest = Math.min(above.lowest, visit.lowest);
        if (visit.lowest === visit.order) cycles.push(...leave(visit, path));
        continue;
      }
      const seen = visits.get(next.to);
      if (seen === undefined) open.push(enter(next.to, nextFrom, visits, path));
      else if (seen.isOnPath) visit.lowest = Math.min(visit.lowest, seen.order);
      if (seen === visit) visit.leadsToItself = true;
    }
  }
  return cycles;
}

interface Visit<T> {
  readonly node: T;
  readonly order: number;
  readonly left: { readonly to: T }[];
  lowest: number;
  isOnPath: boolean;
  leadsToItself: boolean;
}

function enter<T>(node: T, nextFrom: (node: T) => readonly T[], visits: Map<T, Visit<T>>, path: Visit<T>[]): Visit<T> {
  const order = visits.size;
  const left = nextFrom(node).map((to) => ({ to }));
  const visit = { node, order, left, lowest: order, isOnPath: true, leadsToItself: false };
  visits.set(node, visit);
  path.push(visit);
  return visit;
}

/** Takes a finished set off the path. */
function leave<T>(first: Visit<T>, path: Visit<T>[]): Set<T>[] {
  const members = path.splice(path.lastIndexOf(first));
  for (const member of members) member.isOnPath = false;
  return members.length > 1 || first.leadsToItself ? [new Set(members.map(({ node }) => node))] : [];
}
