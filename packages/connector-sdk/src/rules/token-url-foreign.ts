import { coversHost, hostOfEntry, hostOfUrl, ownerOf } from '../validation/host-pattern.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const tokenUrlForeign = defineMeaningRule({
  id: 'token-url-foreign',
  severity: 'warning',
  title: 'Credentials go to the owner of the allowed hosts',
  why: 'The token URL receives the client’s secret and refresh tokens; on a domain that nothing else names it is easily missed in review.',
  fix: 'Correct the URL; when the vendor does sign in elsewhere, list that host in `allowedHosts` so that it is seen.',
  example: {
    at: '/connection/auth/oauth2/tokenUrl',
    bad: 'https://desk-login.example.net/token',
    good: 'https://login.desk.example/token',
    found: '/connection/auth/oauth2/tokenUrl',
  },
  *check({ connection: { auth, allowedHosts } }) {
    const hosts = allowedHosts.flatMap((entry) => hostOfEntry(entry) ?? []);
    const owners = new Set(hosts.flatMap((host) => ownerOf(host) ?? []));
    for (const [key, entry] of Object.entries(auth)) {
      if (entry.kind !== 'oauth2') continue;
      const host = hostOfUrl(entry.tokenUrl);
      if (host === undefined || hosts.some((allowed) => coversHost(allowed, host))) continue;
      if (owners.has(ownerOf(host) ?? '')) continue;
      const path = ['connection', 'auth', key, 'tokenUrl'];
      yield { path, message: `"${entry.tokenUrl}" belongs to none of the owners of the allowed hosts` };
    }
  },
});
