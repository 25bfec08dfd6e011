import { resolve } from 'node:path';
import { type BuildFailure, type BuildOptions, build, type Metafile } from 'esbuild';
import { CliError } from '../errors.ts';
import { builtinPlugin } from './builtin-plugin.ts';
import { builtinName, isAllowedBuiltin } from './builtin-policy.ts';
import { importChain } from './import-chain.ts';
import { type BundledModule, locateModules, nameModules } from './module-names.ts';
import type { PackageConfig } from './package-config.ts';
import { listPackageImports, type PackageImport } from './package-imports.ts';
import { refuseRuntimeAccess } from './runtime-access.ts';

/** What esbuild is told for everything that ends in an artifact or describes one. */
export const BUNDLE_OPTIONS = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2024',
  charset: 'utf8',
  legalComments: 'inline',
  logLevel: 'silent',
  write: false,
  metafile: true,
} as const satisfies BuildOptions;

/** What imports the entry. */
const VIRTUAL_FILE = 'connector';

export interface Bundle {
  readonly code: string;
  readonly modules: readonly BundledModule[];
  /** Builtins that were replaced, as `node:x`. */
  readonly stubbed: readonly string[];
  /** Builtins that it imports, as `node:x`. */
  readonly builtins: readonly string[];
  /** Which package imports which. */
  readonly packageImports: readonly PackageImport[];
}

/**
 * Bundles a connector with all it imports into one ES module whose default export is the connector. Same source, same
 * bytes: paths of the machine do not get into it.
 * @throws CliError `BUILD_FAILED`, `BUILD_BUILTIN_DENIED` with the chain of imports, `BUILD_IMPORT_UNKNOWN`.
 */
export async function bundleConnector(
  folder: string,
  config: PackageConfig,
  conditions: readonly string[] = [],
): Promise<Bundle> {
  const entry = resolve(folder, config.entry);
  const result = await build({
    ...BUNDLE_OPTIONS,
    stdin: {
      contents: `export { default } from ${JSON.stringify(entry)};`,
      resolveDir: folder,
      sourcefile: VIRTUAL_FILE,
    },
    absWorkingDir: folder,
    conditions: [...conditions],
    plugins: [builtinPlugin(config.stubs)],
  }).catch((cause: BuildFailure) => {
    throw new CliError('BUILD_FAILED', `The connector cannot be bundled: ${describe(cause, config.entry)}`, { cause });
  });
  const [output] = Object.values(result.metafile.outputs);
  const [file] = result.outputFiles;
  if (!output || !file) throw new CliError('BUILD_FAILED', 'The connector cannot be bundled: nothing came out');
  const builtins = [...new Set(output.imports.map(({ path }) => path))].sort();
  refuseDenied(builtins, result.metafile);
  const modules = await locateModules(folder, output);
  const stubbed = modules
    .filter(({ path }) => path.startsWith('stub:'))
    .map(({ path }) => path.replace('stub:', 'node:'))
    .sort();
  const code = nameModules(file.text, modules);
  refuseRuntimeAccess(code);
  const packageImports = listPackageImports(result.metafile, modules);
  return { code, modules, stubbed, builtins, packageImports };
}

function refuseDenied(builtins: readonly string[], metafile: Metafile): void {
  for (const path of builtins) {
    const name = builtinName(path);
    if (name !== undefined && isAllowedBuiltin(name)) continue;
    const chain = importChain(metafile, path);
    throw new CliError(
      'BUILD_BUILTIN_DENIED',
      `The connector imports ${path}, which connectors may not use: ${chain.join(' → ')}. ` +
        'Remove the import; if a library has it and never calls it, list it in package.json at connector.stub',
      { details: { builtin: path, chain } },
    );
  }
}

function describe(failure: BuildFailure, entry: string): string {
  const [first] = failure.errors;
  if (!first) return failure.message;
  const { location, text } = first;
  // Only the entry is imported from there; what esbuild says of it is a place in a file that nobody has.
  if (location?.file === VIRTUAL_FILE && text.startsWith('Could not resolve')) {
    return `its entry ${entry} does not exist; correct connector.entry in package.json`;
  }
  const missing = /^No matching export in ".*" for import "default"$/.test(text);
  const what = missing ? 'its entry has no default export (export default defineConnector(…))' : text;
  return location && !missing ? `${location.file}:${location.line}:${location.column}: ${what}` : what;
}
