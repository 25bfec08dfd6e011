import type { Manifest } from '../manifest.ts';
import { coversHost, hostOfEntry } from '../validation/host-pattern.ts';
import { listHostLists } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const hostRedundant = defineMeaningRule({
  id: 'host-redundant',
  severity: 'warning',
  title: 'No host is allowed twice',
  why: 'Whoever reviews the list looks at each line; one that a wildcard allows already hides how wide that wildcard is.',
  fix: 'Remove the line, or remove the wildcard if it is not needed.',
  example: {
    at: '/connection/allowedHosts',
    bad: ['desk.example', '*.desk.example', 'api.desk.example'],
    good: ['desk.example', '*.desk.example'],
    found: '/connection/allowedHosts/2',
  },
  *check(manifest) {
    for (const { path, host, by } of listRedundant(manifest)) {
      yield { path, message: `"${host}" is allowed by "${by}" already` };
    }
  },
  repair(draft) {
    const redundant = listRedundant(draft);
    for (const { list, index } of redundant.reverse()) list.splice(index, 1);
  },
});

function listRedundant(manifest: Manifest) {
  return listHostLists(manifest).flatMap(([path, list]) => {
    const hosts = list.map(hostOfEntry);
    return list.flatMap((host, index) => {
      const by = list.find((_, at) => at !== index && isWider(hosts[at], hosts[index], at < index));
      return by === undefined ? [] : [{ path: [...path, index], list, index, host, by }];
    });
  });
}

/** Of two that allow the same, the first stays. */
function isWider(wide: string | undefined, narrow: string | undefined, earlier: boolean): boolean {
  if (wide === undefined || narrow === undefined) return false;
  return wide === narrow ? earlier : coversHost(wide, narrow);
}
