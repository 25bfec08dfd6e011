import { defineMeaningRule } from '../validation/rule.ts';

export const pollingWithoutOverlap = defineMeaningRule({
  id: 'polling-without-overlap',
  severity: 'warning',
  releaseSeverity: 'error',
  title: 'Polling reaches back behind its cursor',
  why: 'Rows of the same second, and rows that were committed late, lie behind the cursor: without an overlap they are never seen.',
  fix: 'Set `overlapSeconds` to how late a row can turn up, 60 or more; events seen twice are one.',
  example: {
    at: '/triggers/ticket-changed/polling',
    bad: { intervalSeconds: 60, overlapSeconds: 0 },
    good: { intervalSeconds: 60, overlapSeconds: 60 },
    found: '/triggers/ticket-changed/polling/overlapSeconds',
  },
  *check({ triggers }) {
    for (const [key, { polling }] of Object.entries(triggers)) {
      if (polling?.overlapSeconds !== 0) continue;
      yield { path: ['triggers', key, 'polling', 'overlapSeconds'], message: `"${key}" polls without an overlap` };
    }
  },
});
