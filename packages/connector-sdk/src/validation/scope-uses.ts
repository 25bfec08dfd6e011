import type { Manifest } from '../manifest.ts';
import type { Path } from './rule.ts';

export interface ScopeUse {
  readonly scope: string;
  readonly path: Path;
  /** The action, trigger or approval channel, as people call it. */
  readonly user: string;
}

/** Every place where a manifest uses a scope. */
export function listScopeUses({ actions, triggers, approvalChannels }: Manifest): ScopeUse[] {
  const uses: ScopeUse[] = [];
  for (const [kind, word, entries] of [
    ['actions', 'action', actions],
    ['triggers', 'trigger', triggers],
    ['approvalChannels', 'approval channel', approvalChannels],
  ] as const) {
    for (const [key, { scopes }] of Object.entries(entries)) {
      for (const [index, scope] of scopes.entries()) {
        uses.push({ scope, path: [kind, key, 'scopes', index], user: `${word} "${key}"` });
      }
    }
  }
  for (const [key, { groups }] of Object.entries(approvalChannels)) {
    for (const [index, scope] of (groups?.scopes ?? []).entries()) {
      const path: Path = ['approvalChannels', key, 'groups', 'scopes', index];
      uses.push({ scope, path, user: `the groups of approval channel "${key}"` });
    }
  }
  return uses;
}
