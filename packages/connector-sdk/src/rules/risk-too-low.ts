import type { ManifestAction } from '../manifest.ts';
import { exampleAction } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';
import { COMMITTING, DESTROYING, DISRUPTING, verbOf } from '../validation/verbs.ts';

export const riskTooLow = defineMeaningRule({
  id: 'risk-too-low',
  severity: 'warning',
  releaseSeverity: 'error',
  title: 'The risk is not lower than the effect implies',
  why: 'Policies ask people by risk: a deletion that calls itself low is done without anyone having looked.',
  fix: 'Raise `risk`; an `undo` lowers what is needed by one step.',
  example: {
    at: '/actions/close-ticket',
    bad: exampleAction({ risk: 'low', idempotency: { mode: 'none', resolve: false }, reversible: null }),
    good: exampleAction({ risk: 'medium', idempotency: { mode: 'none', resolve: false }, reversible: null }),
    found: '/actions/close-ticket/risk',
  },
  *check({ actions }) {
    for (const [key, action] of Object.entries(actions)) {
      const least = leastRisk(key, action);
      if (RISKS.indexOf(action.risk) >= RISKS.indexOf(least)) continue;
      const message = `"${key}" has the risk ${action.risk}; what it does implies ${least}`;
      yield { path: ['actions', key, 'risk'], message };
    }
  },
});

const RISKS: readonly ManifestAction['risk'][] = ['low', 'medium', 'high', 'critical'];

function leastRisk(key: string, { effect, reversible, idempotency }: ManifestAction): ManifestAction['risk'] {
  if (effect === 'read') return 'low';
  const verb = verbOf(key);
  const undone = reversible?.by === 'undo';
  if (DESTROYING.has(verb) || COMMITTING.has(verb)) return undone ? 'medium' : 'high';
  if (DISRUPTING.has(verb)) return undone ? 'low' : 'medium';
  // Neither can it be taken back nor can a lost reply be cleared up.
  return reversible === null && idempotency.mode === 'none' ? 'medium' : 'low';
}
