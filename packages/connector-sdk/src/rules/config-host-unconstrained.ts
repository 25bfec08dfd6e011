import { listTemplates } from '../validation/config-templates.ts';
import { listPlaceholders } from '../validation/host-pattern.ts';
import { defineMeaningRule } from '../validation/rule.ts';
import { isNode, type SchemaNode } from '../validation/schema-keywords.ts';

export const configHostUnconstrained = defineMeaningRule({
  id: 'config-host-unconstrained',
  severity: 'warning',
  title: 'What a config puts into hosts is limited by its schema',
  why: 'It decides where data and credentials go; a mistyped or malicious value is caught when it is entered, or never.',
  fix: 'Give the property an anchored pattern (`^https://[a-z0-9-]+\\.example\\.com$`), an enum, or the format `uri` or `hostname`.',
  example: {
    at: '/connection/config/properties/host',
    bad: { type: 'string', description: 'Where the desk is.', maxLength: 255 },
    good: {
      type: 'string',
      description: 'Where the desk is.',
      maxLength: 255,
      pattern: '^https://[a-z0-9-]+\\.desk\\.example$',
    },
    found: '/connection/config/properties/host',
  },
  *check(manifest) {
    const names = new Set(listTemplates(manifest).flatMap(([, template]) => listPlaceholders(template)));
    for (const name of names) {
      const steps = name.split('.').flatMap((part) => ['properties', part]);
      let at: unknown = manifest.connection.config;
      for (const step of steps) at = isNode(at) && Object.hasOwn(at, step) ? at[step] : undefined;
      if (!isNode(at) || isConstrained(at)) continue;
      const path = ['connection', 'config', ...steps];
      yield { path, message: `"${name}" is used as a host, and may be any text` };
    }
  },
});

function isConstrained({ pattern, format, ...node }: SchemaNode): boolean {
  if ('enum' in node || 'const' in node) return true;
  if (typeof pattern === 'string' && pattern.startsWith('^')) return true;
  return format === 'uri' || format === 'url' || format === 'hostname' || format === 'idn-hostname';
}
