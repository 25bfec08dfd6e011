import { coversHost, hostOfEntry, hostOfUrl } from '../validation/host-pattern.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const baseUrlNotAllowed = defineMeaningRule({
  id: 'base-url-not-allowed',
  severity: 'error',
  title: 'The base URL is on an allowed host',
  why: 'Every relative request goes there; the runtime would refuse all of them.',
  fix: 'Add its host to `allowedHosts`, or correct `baseUrl`.',
  example: {
    at: '/connection/baseUrl',
    bad: 'https://desk-api.example',
    good: 'https://api.desk.example',
    found: '/connection/baseUrl',
  },
  *check({ connection: { baseUrl, allowedHosts } }) {
    const host = hostOfUrl(baseUrl);
    // That it is not encrypted is said by another rule; another port follows from it.
    if (/^http:/i.test(baseUrl)) return;
    if (host === undefined || allowedHosts.some((entry) => coversHost(hostOfEntry(entry) ?? '', host))) return;
    yield { path: ['connection', 'baseUrl'], message: `"${baseUrl}" is on none of the allowed hosts` };
  },
});
