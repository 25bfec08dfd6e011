import { exampleTrigger } from '../validation/example-parts.ts';
import { NAMED } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const connectorEmpty = defineMeaningRule({
  id: 'connector-empty',
  severity: 'error',
  title: 'A connector can do something',
  why: 'One without actions, triggers and approval channels would be enabled, given credentials, and do nothing.',
  fix: 'List what it can do in `actions`, `triggers` or `approvalChannels`.',
  example: {
    at: '',
    bad: { actions: {}, triggers: {}, approvalChannels: {} },
    good: { triggers: { 'ticket-opened': exampleTrigger({ polling: { intervalSeconds: 60, overlapSeconds: 30 } }) } },
    found: '',
  },
  *check(manifest) {
    if (NAMED.some((kind) => Object.keys(manifest[kind]).length > 0)) return;
    yield { path: [], message: 'there is neither an action nor a trigger nor an approval channel' };
  },
});
