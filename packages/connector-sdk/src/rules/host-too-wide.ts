import { isTooWide } from '../validation/host-pattern.ts';
import { listHostLists } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const hostTooWide = defineMeaningRule({
  id: 'host-too-wide',
  severity: 'error',
  title: 'Allowed hosts are narrow',
  why: 'The allow-list is what keeps data from leaving; a wildcard over a public suffix (`*.co.uk`, `*.github.io`, of the Public Suffix List) allows everyone who has a name in it.',
  fix: 'Name the hosts: `api.example.com`, or `*.example.com` for the subdomains of one owner.',
  example: {
    at: '/connection/allowedHosts',
    bad: ['desk.example', '*.github.io'],
    good: ['desk.example', '*.desk.example'],
    found: '/connection/allowedHosts/1',
  },
  *check(manifest) {
    for (const [path, hosts] of listHostLists(manifest)) {
      for (const [index, host] of hosts.entries()) {
        if (isTooWide(host)) yield { path: [...path, index], message: `the host pattern "${host}" is too wide` };
      }
    }
  },
});
