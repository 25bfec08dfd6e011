import { readFileSync } from 'node:fs';

/** The version of this package, from the package.json beside `src` and `dist`. */
export function cliVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
