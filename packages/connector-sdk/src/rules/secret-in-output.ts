import { defineMeaningRule } from '../validation/rule.ts';
import { listPlaces, pathOf } from '../validation/schema-places.ts';
import { isSecretName } from '../validation/secret-words.ts';

export const secretInOutput = defineMeaningRule({
  id: 'secret-in-output',
  severity: 'warning',
  releaseSeverity: 'error',
  title: 'No output and no event carries a secret',
  why: 'Outputs and events are kept in the journal, shown in the console and handed to other connectors.',
  fix: 'Leave it out of the answer; what a later call needs belongs to the connection.',
  example: {
    at: '/actions/get-ticket/output/properties',
    bad: { id: { type: 'string' }, accessToken: { type: 'string' } },
    good: { id: { type: 'string' }, nextPageToken: { type: 'string' } },
    found: '/actions/get-ticket/output/properties/accessToken',
  },
  *check(manifest) {
    for (const place of listPlaces(manifest)) {
      const { role, property } = place;
      if ((role !== 'output' && role !== 'event') || property === undefined) continue;
      if (place.node.type === 'boolean' || !isSecretName(property)) continue;
      yield { path: pathOf(place), message: `"${property}" looks like a secret` };
    }
  },
});
