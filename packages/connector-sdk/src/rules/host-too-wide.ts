import { defineMeaningRule, type Path } from '../validation/rule.ts';

export const hostTooWide = defineMeaningRule({
  id: 'host-too-wide',
  severity: 'error',
  title: 'Allowed hosts are narrow',
  why: 'The allow-list is what keeps data from leaving; a wildcard over a whole public suffix allows everyone in it.',
  fix: 'Name the hosts: `api.example.com`, or `*.example.com` for the subdomains of one owner.',
  *check({ connection }) {
    const places: [Path, readonly string[]][] = [[['connection', 'allowedHosts'], connection.allowedHosts]];
    for (const [key, auth] of Object.entries(connection.auth)) {
      if (auth.kind === 'custom') places.push([['connection', 'auth', key, 'hosts'], auth.hosts]);
    }
    for (const [path, hosts] of places) {
      for (const [index, host] of hosts.entries()) {
        if (isTooWide(host)) yield { path: [...path, index], message: `the host pattern "${host}" is too wide` };
      }
    }
  },
});

/** Suffixes under which anyone gets a name, below which a wildcard is as wide as `*.com`. A few, not the whole list. */
const SHARED_SUFFIXES = new Set([
  'co.uk',
  'com.au',
  'co.jp',
  'com.br',
  'github.io',
  'herokuapp.com',
  'vercel.app',
  'amazonaws.com',
  'cloudfront.net',
  'azurewebsites.net',
  'workers.dev',
  'ngrok.io',
]);

function isTooWide(host: string): boolean {
  if (!host.includes('*')) return false;
  const rest = host.startsWith('*.') ? host.slice(2) : '*';
  return rest.includes('*') || !rest.includes('.') || SHARED_SUFFIXES.has(rest);
}
