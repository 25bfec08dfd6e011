import { defineMeaningRule } from '../validation/rule.ts';
import { listPlaces, pathOf } from '../validation/schema-places.ts';
import { isSecretName } from '../validation/secret-words.ts';

export const secretInConfig = defineMeaningRule({
  id: 'secret-in-config',
  severity: 'error',
  title: 'Secrets are asked for by `auth`, never by config or input',
  why: 'Config and inputs are stored as they are, shown in the console, in approvals and in the audit, and given to connector code.',
  fix: 'Move it into an `auth` kind: `api_key`, `basic`, `oauth2`, or the `secret` of `custom`.',
  example: {
    at: '/connection/config/properties/apiKey',
    bad: { type: 'string', description: 'The key of the desk.', maxLength: 64 },
    good: undefined,
    found: '/connection/config/properties/apiKey',
  },
  *check(manifest) {
    for (const place of listPlaces(manifest)) {
      const { role, property } = place;
      if (role === 'secret' || role === 'output' || role === 'event') continue;
      if (property === undefined || place.node.type === 'boolean' || !isSecretName(property)) continue;
      yield { path: pathOf(place), message: `"${property}" looks like a secret` };
    }
  },
});
