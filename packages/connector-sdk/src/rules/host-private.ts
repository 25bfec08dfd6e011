import { listTemplates } from '../validation/config-templates.ts';
import { hostOfEntry } from '../validation/host-pattern.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const hostPrivate = defineMeaningRule({
  id: 'host-private',
  severity: 'error',
  title: 'Hosts are names on the public internet',
  why: 'An address, `localhost` or a metadata service is another machine at every customer: a door into their network.',
  fix: 'Name the public host. A host inside the customer’s network belongs into `config`, and the deployment allows it.',
  example: {
    at: '/connection/allowedHosts',
    bad: ['desk.example', '*.desk.example', '169.254.169.254'],
    good: ['desk.example', '*.desk.example'],
    found: '/connection/allowedHosts/2',
  },
  *check(manifest) {
    for (const [path, template] of listTemplates(manifest)) {
      const host = hostOfEntry(template);
      if (host !== undefined && isPrivate(host)) yield { path, message: `"${template}" is not a public host` };
    }
  },
});

/** Special-use names (RFC 6761, RFC 6762, RFC 8375) and those that clouds give their metadata services. */
const PRIVATE_NAMES = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|home\.arpa|onion)$/;

function isPrivate(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\*\./, '').replace(/\.$/, '');
  if (name.startsWith('{')) return false;
  // The URL parser writes every form of an address (decimal, octal, hexadecimal) in the usual one.
  const bare = URL.canParse(`http://${name}/`) ? new URL(`http://${name}/`).hostname : name;
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(bare) || bare.startsWith('[') || PRIVATE_NAMES.test(bare);
}
