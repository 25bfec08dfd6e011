import { hostOfEntry } from '../validation/host-pattern.ts';
import { listHostLists } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const hostMalformed = defineMeaningRule({
  id: 'host-malformed',
  severity: 'error',
  title: 'Every allowed host is a host',
  why: 'The runtime refuses a connection whose list of hosts it can not read; a reviewer may read it as something else.',
  fix: 'Write `api.example.com`, `*.example.com`, `api.example.com:8443` or `{config.x}`: no path, no user, no scheme.',
  example: {
    at: '/connection/allowedHosts',
    bad: ['desk.example/api'],
    good: ['desk.example', '*.desk.example'],
    found: '/connection/allowedHosts/0',
  },
  *check(manifest) {
    for (const [path, hosts] of listHostLists(manifest)) {
      for (const [index, host] of hosts.entries()) {
        // A wildcard elsewhere than in front is too wide, which another rule says.
        if (hostOfEntry(host) !== undefined || host.includes('*')) continue;
        yield { path: [...path, index], message: `"${host}" names no host` };
      }
    }
  },
});
