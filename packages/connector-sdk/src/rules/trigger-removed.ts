import type { Manifest } from '../manifest.ts';
import { exampleTrigger } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const triggerRemoved = defineMeaningRule({
  id: 'trigger-removed',
  severity: 'error',
  title: 'Triggers and approval channels stay within a major version',
  why: 'Workflows and approvals that wait for one that is gone never go on, and nothing fails that anyone would see.',
  fix: 'Keep it with `deprecated: { since, use }` for a release, or raise the major version.',
  example: {
    at: '/triggers/ticket-opened',
    previous: exampleTrigger({ polling: { intervalSeconds: 60, overlapSeconds: 30 } }),
    bad: undefined,
    good: exampleTrigger({ polling: { intervalSeconds: 60, overlapSeconds: 30 } }),
    found: '/triggers',
  },
  *check(manifest, { previous }) {
    if (!previous || previous.id !== manifest.id || majorOf(manifest) > majorOf(previous)) return;
    for (const kind of ['triggers', 'approvalChannels'] as const) {
      for (const [key, { deprecated }] of Object.entries(previous[kind])) {
        if (deprecated || Object.hasOwn(manifest[kind], key)) continue;
        yield { path: [kind], message: `"${key}" was in the last release and was not deprecated there` };
      }
    }
  },
});

function majorOf({ version }: Manifest): number {
  return Number.parseInt(version, 10);
}
