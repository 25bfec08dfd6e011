import { readFileSync } from 'node:fs';

let known: string | undefined;

/** The version of this package, from the package.json beside `src` and `dist`; read once. */
export function cliVersion(): string {
  known ??= readVersion();
  return known;
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
