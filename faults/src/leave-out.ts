import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/** A named step of the product, and what to do in its place. */
export interface LeftOut {
  /** Default `connector-artifact`. */
  readonly package?: 'connector-artifact' | 'connector-runtime';
  /** A function of the built package; where there are several of the name, with its parameters: `accept(delivery)`. */
  readonly step: string;
  readonly instead?: string;
}

/**
 * Breaks the build on purpose: modules that this process imports from now on see one named step of a package left out.
 * Nothing on disk changes. For the controls: a checker that finds nothing in such a build checks nothing.
 */
export function leaveOut({ package: name = 'connector-artifact', step, instead = 'return;' }: LeftOut): void {
  const [called = '', parameters = '[^)]*'] = step.replace(/\)$/, '').split('(');
  const start = new RegExp(`^ *(?:async )?function ${called}\\(${parameters}\\) \\{$`, 'm');
  const place = placeOf(start, new URL('./', import.meta.resolve(`@org/${name}`)), step);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== place) return loaded;
      const source = Buffer.from((loaded.source ?? '') as Uint8Array | string).toString();
      return { ...loaded, source: source.replace(start, (line) => `${line} ${instead}`) };
    },
  });
}

/** The one file of the build with the step in it: names of files change with each build. */
function placeOf(start: RegExp, dist: URL, step: string): string {
  const files = readdirSync(dist).filter((file) => file.endsWith('.js'));
  const places = files.filter((file) => start.test(readFileSync(new URL(file, dist), 'utf8')));
  if (places.length !== 1) throw new Error(`the step ${step} is in ${places.length} files of the build, not in one`);
  return new URL(places[0] ?? '', dist).href;
}
