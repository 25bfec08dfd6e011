import { type Change, toChange } from './change.ts';
import type { ChangeKind } from './change-kinds.ts';
import { type Compare, missingFrom } from './compare.ts';
import { quote, subjectOf } from './subject.ts';

/** Lists of hosts: what can be reached that could not, and the other way round. */
export function compareHosts(kinds: {
  readonly added: ChangeKind;
  readonly removed: ChangeKind;
}): Compare<readonly string[]> {
  return (before, after, path) => {
    const who = subjectOf(path);
    const added = missingFrom(before, after).map(([host, index]): Change => {
      const place = [...path, index];
      if (before.some((old) => covers(old, host))) {
        return toChange('host-redundant', place, undefined, host, `${who} also lists the host ${quote(host)}`);
      }
      const replaced = before.filter((old) => covers(host, old));
      if (replaced.length === 0 || kinds.added !== 'host-added') {
        return toChange(kinds.added, place, undefined, host, `${who} can reach the host ${quote(host)}`);
      }
      const message = `${who} can reach ${quote(host)}, which is wider than ${replaced.map(quote).join(', ')}`;
      return toChange('host-widened', place, replaced, host, message);
    });
    const removed = missingFrom(after, before).map(([host, index]): Change => {
      const kind = after.some((young) => covers(young, host)) ? 'host-redundant' : kinds.removed;
      return toChange(kind, [...path, index], host, undefined, `${who} no longer lists the host ${quote(host)}`);
    });
    const changes = [...added, ...removed];
    return changes.length > 0
      ? changes
      : [toChange('order-changed', path, before, after, `${who} lists its hosts in another order`)];
  };
}

/** Whether all that `part` names is also named by `pattern`. Only names are compared: `{config.x}` covers itself alone. */
function covers(pattern: string, part: string): boolean {
  const [wide, narrow] = [split(pattern), split(part)];
  if (!wide || !narrow || wide.port !== narrow.port) return pattern === part;
  if (!wide.name.startsWith('*.')) return wide.name === narrow.name;
  return wide.name === narrow.name || narrow.name.replace(/^\*/, '').endsWith(wide.name.slice(1));
}

function split(pattern: string): { name: string; port: string } | undefined {
  if (typeof pattern !== 'string') return undefined;
  const [, name, port = '443'] = /^((?:\*\.)?[a-z0-9.-]+)(?::(\d{1,5}))?$/i.exec(pattern) ?? [];
  return name === undefined ? undefined : { name: name.toLowerCase(), port };
}
