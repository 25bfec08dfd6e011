import { defineMeaningRule } from '../validation/rule.ts';
import { listPlacesWith, pathOf, type SchemaPlace } from '../validation/schema-places.ts';
import { findSecret, isSecretName } from '../validation/secret-words.ts';

export const secretInValue = defineMeaningRule({
  id: 'secret-in-value',
  severity: 'error',
  title: 'No default, constant or example is a credential',
  why: 'A manifest is published: what is in it is known to everybody, and a default for a secret is everybody’s secret.',
  fix: 'Revoke the credential, then remove it; write an example that is visibly none, such as `xxxx`.',
  example: {
    at: '/connection/config/properties/host',
    bad: {
      type: 'string',
      description: 'Where the desk is.',
      pattern: '^https://.{1,200}$',
      default: 'https://admin:hunter2@support.desk.example',
    },
    good: {
      type: 'string',
      description: 'Where the desk is.',
      pattern: '^https://.{1,200}$',
      default: 'https://support.desk.example',
    },
    found: '/connection/config/properties/host/default',
  },
  *check(manifest) {
    for (const keyword of KEYWORDS) {
      for (const place of listPlacesWith(manifest, keyword)) {
        const kind = findIn(place, keyword);
        if (kind) yield { path: pathOf(place, keyword), message: `looks like ${kind}` };
      }
    }
  },
});

const KEYWORDS = ['default', 'const', 'enum', 'examples', 'description'] as const;

function findIn(place: SchemaPlace, keyword: (typeof KEYWORDS)[number]): string | undefined {
  const value = place.node[keyword];
  const { property } = place;
  if (keyword === 'default' && typeof value === 'string' && value !== '' && isSecretName(property ?? '')) {
    return `the secret "${property}" itself`;
  }
  return findSecretBelow(value);
}

function findSecretBelow(value: unknown): string | undefined {
  if (typeof value === 'string') return findSecret(value);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const below of Object.values(value)) {
    const kind = findSecretBelow(below);
    if (kind) return kind;
  }
  return undefined;
}
