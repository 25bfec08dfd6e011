import { RuntimeError } from '../types/errors.ts';

const PLACEHOLDER = /\{config\.([A-Za-z0-9_.-]+)\}/g;

/** Fills `{config.x}` in a manifest's URL. Throws `CONNECTION_CONFIG_INVALID` when the config has no such text. */
export function resolveTemplate(template: string, config: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(PLACEHOLDER, (_, path: string) => {
    let value: unknown = config;
    for (const name of path.split('.')) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? Reflect.get(value, name)
          : undefined;
    }
    if (typeof value === 'string' && value !== '') return value;
    throw new RuntimeError('CONNECTION_CONFIG_INVALID', `The connection's config has no text at ${path}; set it`);
  });
}

/**
 * The hosts of a manifest with the connection's config filled in, as patterns for {@link isAllowedHost}:
 * a URL becomes its `host:port`; a name means port 443; `*.name` any host below it.
 *
 * @throws RuntimeError `CONNECTION_CONFIG_INVALID` when an entry does not name a host.
 */
export function resolveAllowedHosts(templates: readonly string[], config: Readonly<Record<string, unknown>>): string[] {
  return templates.map((template) => {
    const entry = resolveTemplate(template, config);
    const url = /^https?:\/\//i.test(entry) && URL.canParse(entry) ? new URL(entry) : undefined;
    const pattern = url ? `${url.hostname}:${portOf(url)}` : entry.toLowerCase();
    if (
      /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(pattern) ||
      /^\[[0-9a-f:.]+\](:\d{1,5})?$/.test(pattern)
    ) {
      // A wildcard is the signed manifest's to give, never the config's, and never for a whole top-level domain.
      const isWide = pattern.startsWith('*');
      if (!isWide || (template.startsWith('*.') && !/^\*\.[^.]+(:\d+)?$/.test(pattern))) return pattern;
    }
    throw new RuntimeError(
      'CONNECTION_CONFIG_INVALID',
      `${JSON.stringify(template)} does not name a host with this config`,
    );
  });
}

export function isAllowedHost(url: URL, patterns: readonly string[]): boolean {
  const host = url.hostname;
  const port = portOf(url);
  return patterns.some((pattern) => {
    const [, name = '', wanted = '443'] = /^(.*?)(?::(\d{1,5}))?$/.exec(pattern) ?? [];
    if (wanted !== port) return false;
    return name.startsWith('*.') ? host.endsWith(name.slice(1)) && host.length > name.length - 1 : host === name;
  });
}

function portOf(url: URL): string {
  return url.port || (url.protocol === 'http:' ? '80' : '443');
}
