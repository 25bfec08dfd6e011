import type { Manifest } from '../manifest.ts';
import { listTemplates } from '../validation/config-templates.ts';
import { listPlaceholders } from '../validation/host-pattern.ts';
import { defineMeaningRule } from '../validation/rule.ts';
import { isNode, type SchemaNode } from '../validation/schema-keywords.ts';

export const configPlaceholderUnknown = defineMeaningRule({
  id: 'config-placeholder-unknown',
  severity: 'error',
  title: 'Every `{config.x}` is a text that the config always has',
  why: 'The runtime can not fill in what is not there: no request of such a connection leaves.',
  fix: 'Name a property of `connection.config` that is a string and is required or has a default.',
  example: {
    at: '/connection/allowedHosts',
    bad: ['desk.example', '*.desk.example', '{config.hostname}'],
    good: ['desk.example', '*.desk.example', '{config.host}'],
    found: '/connection/allowedHosts/2',
  },
  *check(manifest) {
    for (const [path, template] of listTemplates(manifest)) {
      for (const name of listPlaceholders(template)) {
        const reason = whatIsMissing(manifest, name);
        if (reason) yield { path, message: `{config.${name}}: ${reason}` };
      }
    }
  },
});

function whatIsMissing({ connection }: Manifest, name: string): string | undefined {
  let at: SchemaNode = connection.config;
  for (const part of name.split('.')) {
    const { properties, required } = at;
    const next = isNode(properties) && Object.hasOwn(properties, part) ? properties[part] : undefined;
    if (!isNode(next)) return 'the config has no such property';
    if (!('default' in next) && !(Array.isArray(required) && required.includes(part))) {
      return 'the property is neither required nor has a default';
    }
    at = next;
  }
  return at.type === undefined || at.type === 'string' ? undefined : 'the property is not a text';
}
