import { readdirSync } from 'node:fs';
import type { Fault } from './fault.ts';

const SUFFIX = '.fault.ts';

export function faultNames(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

export async function loadFault(name: string): Promise<Fault> {
  const module = (await import(new URL(`./${name}${SUFFIX}`, import.meta.url).href)) as { readonly default: Fault };
  return module.default;
}
