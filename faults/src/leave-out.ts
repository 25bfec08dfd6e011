import { registerHooks } from 'node:module';

/** A named step of the product, and what to do in its place. */
export interface LeftOut {
  /** A function of the built `@org/connector-artifact`. */
  readonly step: string;
  readonly instead?: string;
}

const ARTIFACT = /\/connector-artifact\/dist\/index\.js$/;

/**
 * Breaks the build on purpose: modules that this process imports from now on see one named step of the artifact package
 * left out. Nothing on disk changes. For the controls: a checker that finds nothing in such a build checks nothing.
 */
export function leaveOut({ step, instead = 'return;' }: LeftOut): void {
  const start = new RegExp(`^function ${step}\\([^)]*\\) \\{$`, 'm');
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!ARTIFACT.test(url)) return loaded;
      const source = Buffer.from((loaded.source ?? '') as Uint8Array | string).toString();
      if (!start.test(source)) throw new Error(`the build has no step ${step} to leave out`);
      return { ...loaded, source: source.replace(start, (line) => `${line} ${instead}`) };
    },
  });
}
