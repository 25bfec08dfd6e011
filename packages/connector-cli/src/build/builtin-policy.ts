import { builtinModules } from 'node:module';

/** Node modules that compute and reach nothing outside the process. Every other builtin is denied in a bundle. */
const ALLOWED: ReadonlySet<string> = new Set([
  'assert',
  'async_hooks',
  'buffer',
  'crypto',
  'events',
  'path',
  'process',
  'punycode',
  'querystring',
  'stream',
  'string_decoder',
  'timers',
  'url',
  'util',
  'zlib',
]);

const BUILTINS: ReadonlySet<string> = new Set(builtinModules.map((name) => name.replace(/^node:/, '')));

/** The builtin an import names, without `node:`, or `undefined` when it names a package or a file. */
export function builtinName(specifier: string): string | undefined {
  if (specifier.startsWith('node:')) return specifier.slice('node:'.length);
  return BUILTINS.has(specifier) ? specifier : undefined;
}

/** Whether the isolated host gives connector code this builtin; `stream/web` follows `stream`. */
export function isAllowedBuiltin(name: string): boolean {
  return ALLOWED.has(name.split('/')[0] ?? name);
}
