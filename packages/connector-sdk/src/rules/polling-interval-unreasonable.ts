import { defineMeaningRule } from '../validation/rule.ts';

const SHORTEST_SECONDS = 10;
const LONGEST_SECONDS = 21_600;

export const pollingIntervalUnreasonable = defineMeaningRule({
  id: 'polling-interval-unreasonable',
  severity: 'warning',
  title: 'Polling happens every ten seconds to every six hours',
  why: 'Each connection polls on its own: a short interval eats the rate limit that actions need; after a long one nobody waits for the event any more.',
  fix: 'Use 60 seconds, and a webhook where it must be sooner.',
  example: {
    at: '/triggers/ticket-changed/polling',
    bad: { intervalSeconds: 1, overlapSeconds: 30 },
    good: { intervalSeconds: 60, overlapSeconds: 30 },
    found: '/triggers/ticket-changed/polling/intervalSeconds',
  },
  *check({ triggers }) {
    for (const [key, { polling }] of Object.entries(triggers)) {
      if (!polling) continue;
      const { intervalSeconds } = polling;
      if (intervalSeconds >= SHORTEST_SECONDS && intervalSeconds <= LONGEST_SECONDS) continue;
      const path = ['triggers', key, 'polling', 'intervalSeconds'];
      yield { path, message: `"${key}" polls every ${intervalSeconds} s` };
    }
  },
});
