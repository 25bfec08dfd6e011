import type { Manifest } from '@org/connector-sdk';

type Scoped = Pick<Manifest, 'scopes' | 'actions' | 'triggers' | 'approvalChannels'>;

/** What is asked of a provider: the names of every scope that something of the connector can need, and no other. */
export function providerScopes(manifest: Scoped): string[] {
  const ofGroups = Object.values(manifest.approvalChannels).flatMap(({ groups }) => groups?.scopes ?? []);
  return [
    ...new Set([...neededScopes(manifest), ...ofGroups].flatMap((scope) => manifest.scopes[scope]?.provider ?? [])),
  ].sort();
}

/** Needed scopes of the connector that a grant does not cover; of a grant that names none nothing is known, and nothing missing. */
export function missingScopes(manifest: Scoped, granted: readonly string[] | null): string[] {
  return uncoveredScopes(manifest, granted, neededScopes(manifest));
}

/** Those of some scopes that a grant does not cover. */
export function uncoveredScopes(
  { scopes }: Pick<Manifest, 'scopes'>,
  granted: readonly string[] | null,
  needed: readonly string[],
): string[] {
  if (granted === null) return [];
  const covers = (names: readonly string[]) => names.every((name) => granted.includes(name));
  return needed.filter((scope) => !covers(scopes[scope]?.provider ?? []));
}

function neededScopes({ actions, triggers, approvalChannels }: Scoped): string[] {
  const needed = [actions, triggers, approvalChannels].flatMap((parts) =>
    Object.values(parts).flatMap(({ scopes }) => scopes),
  );
  return [...new Set(needed)];
}

/** Names of actions and channels that cannot be used without these scopes. */
export function withoutScopes(manifest: Scoped, missing: readonly string[]): string[] {
  const needs = ([, { scopes }]: [string, { readonly scopes: readonly string[] }]) =>
    scopes.some((scope) => missing.includes(scope));
  const parts = [...Object.entries(manifest.actions), ...Object.entries(manifest.approvalChannels)];
  return parts.filter(needs).map(([name]) => name);
}
