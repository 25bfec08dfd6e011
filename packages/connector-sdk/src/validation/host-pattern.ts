import { parse } from 'tldts';

const PLACEHOLDER = /\{config\.([A-Za-z0-9_.-]+)\}/g;

/** The names behind `{config.…}` in a host or URL. */
export function listPlaceholders(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/**
 * Where a URL leads to: a lower-case host with its port when it is not 443, or the `{config.x}` that it begins with, which
 * holds scheme, host and port; undefined when it is no URL.
 */
export function hostOfUrl(url: string): string | undefined {
  const placeholder = /^\{config\.[A-Za-z0-9_.-]+\}/.exec(url)?.[0];
  if (placeholder !== undefined) return placeholder;
  const filled = fill(url);
  if (!/^https?:\/\//i.test(filled) || !URL.canParse(filled)) return undefined;
  const { hostname, port, protocol } = new URL(filled);
  return withPort(hostname, port || (protocol === 'http:' ? '80' : '443'));
}

/** The same for an entry of a list of hosts (`api.example.com:8443`, `*.example.com`, `{config.x}`), as the runtime reads it. */
export function hostOfEntry(entry: string): string | undefined {
  if (/^https?:\/\//i.test(entry) || /^\{config\.[A-Za-z0-9_.-]+\}(?:\/|$)/.test(entry)) return hostOfUrl(entry);
  const [, host, port = '443'] =
    /^((?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/.exec(fill(entry).toLowerCase()) ??
    [];
  return host === undefined || Number(port) > 65_535 ? undefined : withPort(host, port);
}

/** True when every request that `host` allows is allowed by `pattern` too; both as read above. */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  const [name = '', port] = splitPort(pattern);
  const [wanted = '', wantedPort] = splitPort(host);
  return name.startsWith('*.') && port === wantedPort && wanted.endsWith(name.slice(1));
}

/** True for a wildcard below which more than one owner has names: `*`, `*.com`, `*.co.uk`, `*.github.io`. */
export function isTooWide(pattern: string): boolean {
  if (!pattern.includes('*')) return false;
  // A config could fill in `com`.
  if (listPlaceholders(pattern).length > 0) return true;
  const [name = ''] = splitPort(pattern.toLowerCase());
  const rest = name.startsWith('*.') ? name.slice(2) : '*';
  if (rest.includes('*') || !rest.includes('.')) return true;
  return parse(rest, SUFFIX_OPTIONS).domain === null;
}

/** The domain its owner registered: `login.example.co.uk` → `example.co.uk`; null for an address or a bare suffix. */
export function ownerOf(host: string): string | null {
  const [name = ''] = splitPort(host);
  return parse(name.replace(/^\*\./, ''), SUFFIX_OPTIONS).domain;
}

/** Names of platforms where anyone gets a name below count as suffixes, as they do in the list's private section. */
const SUFFIX_OPTIONS = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const;

/** One config value stands for one host label, so that equal templates stay equal. */
function fill(template: string): string {
  return template.replaceAll(
    PLACEHOLDER,
    (_, name: string) => `config-${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}`,
  );
}

function withPort(host: string, port: string): string {
  return port === '443' ? host : `${host}:${port}`;
}

function splitPort(host: string): [name: string, port: string | undefined] {
  const [, name = host, port] = /^(.*):(\d{1,5})$/.exec(host) ?? [];
  return [name, port];
}
