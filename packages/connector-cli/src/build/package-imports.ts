import type { Metafile } from 'esbuild';
import type { BundledModule } from './module-names.ts';

/** Two packages, as `name@version`, of which the first imports the second. */
export interface PackageImport {
  readonly from: string;
  readonly to: string;
}

export function packageRef({ package: name, version }: Pick<BundledModule, 'package' | 'version'>): string {
  return `${name}@${version}`;
}

/** Which packages of a bundle import which others, sorted, once each. */
export function listPackageImports({ inputs }: Metafile, modules: readonly BundledModule[]): PackageImport[] {
  const homes = new Map(
    modules.filter(({ package: name }) => name !== '').map((module) => [module.path, packageRef(module)]),
  );
  const found = new Map<string, PackageImport>();
  for (const [path, from] of homes) {
    for (const { path: target } of inputs[path]?.imports ?? []) {
      const to = homes.get(target);
      if (to !== undefined && to !== from) found.set(`${from} ${to}`, { from, to });
    }
  }
  return [...found.keys()].sort().flatMap((key) => found.get(key) ?? []);
}
