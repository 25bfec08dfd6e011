import type { Manifest } from '../manifest.ts';
import { listHostLists, listUrls } from './manifest-places.ts';
import type { Path } from './rule.ts';

/** Every host and URL that `{config.x}` may stand in. */
export function listTemplates(manifest: Manifest): [Path, string][] {
  const templates = listUrls(manifest);
  for (const [path, hosts] of listHostLists(manifest)) {
    for (const [index, host] of hosts.entries()) templates.push([[...path, index], host]);
  }
  return templates;
}
