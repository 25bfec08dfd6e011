import { RuntimeError } from '../types/errors.ts';

/** What is left of a path below a prefix, beginning with a slash; undefined for a path that is not below it. */
export function pathBelow(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  if (rest === '') return '/';
  return rest.startsWith('/') ? rest : undefined;
}

/** @throws RuntimeError `CONFIG_INVALID` */
export function requirePrefix(prefix: string): void {
  if (!/^(?:\/[A-Za-z0-9._~-]+)+$/.test(prefix)) {
    throw new RuntimeError(
      'CONFIG_INVALID',
      `${JSON.stringify(prefix)} is no path to mount at: write it like /connectors, without a slash at its end`,
    );
  }
}
