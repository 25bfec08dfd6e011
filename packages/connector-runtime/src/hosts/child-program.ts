import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';

/** The host's own code, read once: the entry and every module it reaches, by URL. */
export interface ChildProgram {
  readonly entry: string;
  readonly modules: readonly (readonly [url: string, source: string])[];
}

const STATIC_IMPORT = /^(?:import|export)\b[^'";]*?(?:\bfrom\s*)?['"](\.{1,2}\/[^'"]+)['"]/gm;
let loaded: Promise<ChildProgram> | undefined;

/** From `src` the types are stripped here, so that the host process itself runs plain JavaScript either way. */
export function loadChildProgram(): Promise<ChildProgram> {
  loaded ??= readProgram(locateEntry(import.meta.url));
  return loaded;
}

/** Bundled, this module lies at the top of `dist`, whichever chunk it ended up in. */
function locateEntry(here: string): URL {
  return here.endsWith('.ts') ? new URL('./child/main.ts', here) : new URL('./hosts/child/main.js', here);
}

async function readProgram(entry: URL): Promise<ChildProgram> {
  const modules = new Map<string, string>();
  const queue = [entry];
  for (let url = queue.pop(); url; url = queue.pop()) {
    const name = nameOf(url, entry);
    if (modules.has(name)) continue;
    const text = await readFile(url, 'utf8');
    const source = url.pathname.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
    modules.set(name, source);
    for (const [, specifier] of source.matchAll(STATIC_IMPORT)) {
      if (specifier !== undefined) queue.push(new URL(specifier, url));
    }
  }
  return { entry: nameOf(entry, entry), modules: [...modules] };
}

/** Nothing about where the runtime is installed reaches the host. */
function nameOf(url: URL, entry: URL): string {
  const root = new URL('../../', entry).href;
  return url.href.startsWith(root) ? `file:///host/${url.href.slice(root.length)}` : `file:///host/outside/${url.href}`;
}
