import type { Metafile } from 'esbuild';

/** The shortest chain of imports from the entry to `target`, as people read it. */
export function importChain({ inputs }: Metafile, target: string): string[] {
  const [entry] = Object.keys(inputs).filter((path) => path.startsWith('connector'));
  const start = entry ?? Object.keys(inputs)[0] ?? '';
  const cameFrom = new Map<string, string | undefined>([[start, undefined]]);
  // A Map keeps insertion order and visits what is added while it is iterated: a queue.
  for (const [path] of cameFrom) {
    for (const next of inputs[path]?.imports ?? []) {
      if (!cameFrom.has(next.path)) cameFrom.set(next.path, path);
    }
    if (cameFrom.has(target)) break;
  }
  const chain: string[] = [];
  for (let at: string | undefined = target; at !== undefined && at !== start; at = cameFrom.get(at)) {
    chain.unshift(at.split('node_modules/').at(-1) ?? at);
  }
  return chain;
}
