import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Metafile } from 'esbuild';
import { z } from 'zod';

/** A module in a bundle. */
export interface BundledModule {
  /** As esbuild names it: relative to the package's folder, so different on each machine. */
  readonly path: string;
  /** The package it is from and its place in it: the same everywhere. */
  readonly name: string;
  readonly package: string;
  readonly version: string;
  /** What its `package.json` says of its licence; empty when it says nothing. */
  readonly license: string;
  /** Bytes that it takes in the bundle. */
  readonly bytes: number;
  /** SHA-256 of the file it was made from, in hex; empty for what is no file. */
  readonly sha256: string;
}

const packageJson = z.object({
  name: z.string().min(1),
  version: z.string().default(''),
  license: z.string().catch(''),
});

type PackageFacts = z.infer<typeof packageJson>;

/** Finds the package of each module that made it into the output. */
export async function locateModules(folder: string, output: Metafile['outputs'][string]): Promise<BundledModule[]> {
  const modules: BundledModule[] = [];
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    if (/^(?:stub|builtin|builtin-default):|^connector$|^<stdin>$/.test(path)) {
      modules.push({ path, name: path, package: '', version: '', license: '', bytes: bytesInOutput, sha256: '' });
      continue;
    }
    const file = resolve(folder, path);
    const home = await findPackage(dirname(file));
    const place = relative(home.folder, file).split(sep).join('/');
    modules.push({
      path,
      name: `${home.name}/${place}`,
      package: home.name,
      version: home.version,
      license: home.license,
      bytes: bytesInOutput,
      sha256: createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    });
  }
  return modules;
}

/**
 * Replaces the paths that esbuild writes into a bundle (the comment line above each module and the key of each CommonJS
 * wrapper) by the modules' names. Where a package lies depends on the installer; what it is does not.
 */
export function nameModules(code: string, modules: readonly BundledModule[]): string {
  const names = new Map(modules.map(({ path, name }) => [path, name]));
  return code
    .replace(/^\/\/ (.+)$/gm, (line, path: string) => (names.has(path) ? `// ${names.get(path)}` : line))
    .replace(/^( {2})"([^"]+)"(?=\()/gm, (line, indent: string, path: string) => {
      const name = names.get(path);
      return name === undefined ? line : `${indent}"${name}"`;
    });
}

/** The nearest `package.json` upwards that has a name; nested ones that only say `"type"` do not count. */
async function findPackage(start: string): Promise<PackageFacts & { folder: string }> {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = await readPackage(join(folder, 'package.json'));
    if (found) return { folder, ...found };
    if (dirname(folder) === folder) return { folder: start, name: '(no package)', version: '', license: '' };
  }
}

async function readPackage(path: string): Promise<PackageFacts | undefined> {
  try {
    return packageJson.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // No such file, or not one that names a package: look further up.
    return undefined;
  }
}
