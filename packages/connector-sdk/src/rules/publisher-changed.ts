import { defineMeaningRule } from '../validation/rule.ts';

export const publisherChanged = defineMeaningRule({
  id: 'publisher-changed',
  severity: 'error',
  title: 'The publisher stays',
  why: 'Platforms trust a publisher’s keys for this id: under another publisher it is refused, and may be a take-over.',
  fix: 'Put the publisher back, or publish under a new id and let platforms move.',
  example: { at: '/publisher', previous: 'acme', bad: 'acme-inc', good: 'acme', found: '/publisher' },
  *check({ id, publisher }, { previous }) {
    if (!previous || previous.id !== id || previous.publisher === publisher) return;
    yield { path: ['publisher'], message: `was "${previous.publisher}" in the last release` };
  },
});
