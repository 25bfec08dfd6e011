import { defineMeaningRule } from '../validation/rule.ts';

const SHORTEST_MS = 1000;
const LONGEST_MS = 300_000;

export const timeoutUnreasonable = defineMeaningRule({
  id: 'timeout-unreasonable',
  severity: 'warning',
  title: 'An action has between a second and five minutes',
  why: 'Too short a time turns slow successes into unknown outcomes; too long a one holds a worker and the run that waits.',
  fix: 'Leave `timeoutMs` at its default of 30,000, or split what takes longer into a start and a poll.',
  example: {
    at: '/actions/get-ticket/timeoutMs',
    bad: 900_000,
    good: 30_000,
    found: '/actions/get-ticket/timeoutMs',
  },
  *check({ actions }) {
    for (const [key, { timeoutMs }] of Object.entries(actions)) {
      if (timeoutMs >= SHORTEST_MS && timeoutMs <= LONGEST_MS) continue;
      yield { path: ['actions', key, 'timeoutMs'], message: `"${key}" has ${timeoutMs / 1000} s` };
    }
  },
});
