import { exampleTrigger } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const triggerWithoutSource = defineMeaningRule({
  id: 'trigger-without-source',
  severity: 'error',
  title: 'A trigger has a webhook, polling, or both',
  why: 'Otherwise it never sees an event.',
  fix: 'Give the trigger `webhook` or `polling`.',
  example: {
    at: '/triggers/ticket-opened',
    bad: exampleTrigger({}),
    good: exampleTrigger({ polling: { intervalSeconds: 60, overlapSeconds: 30 } }),
    found: '/triggers/ticket-opened',
  },
  *check({ triggers }) {
    for (const [key, { webhook, polling }] of Object.entries(triggers)) {
      if (!webhook && !polling) yield { path: ['triggers', key], message: `"${key}" has neither webhook nor polling` };
    }
  },
});
