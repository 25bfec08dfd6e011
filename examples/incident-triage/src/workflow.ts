import type {} from '@org/connector-github';
import { defineWorkflow } from '@org/connector-runtime';
import type {} from '@org/connector-servicenow';
import type {} from '@org/connector-slack';
import { z } from 'zod';

/** What a repository says about the incidents of its service: `.triage.json` on its main branch. */
const triageFile = z.object({
  team: z.string(),
  group: z.string(),
  onCall: z.string(),
  impact: z.enum(['1', '2', '3']),
  urgency: z.enum(['1', '2', '3']),
});

export interface TriageOptions {
  readonly owner: string;
  readonly repo: string;
  /** Slack channel that is told what was done. */
  readonly channel: string;
}

/**
 * An incident changed: read it, look at the service's repository, ask a person, then assign it, set its priority and note
 * why. Plain TypeScript; each `action` and `approval` is journalled, so a crash or a deploy loses nothing.
 */
export function incidentTriage({ owner, repo, channel }: TriageOptions) {
  return defineWorkflow({
    name: 'incident-triage',
    on: 'servicenow.incident-changed',
    async run({ event, action, plan, approval }) {
      const { sysId } = event.data;
      const incident = await action('servicenow.get-incident', { sysId });
      const [pulls, issues, file] = await Promise.all([
        action('github.list-pull-requests', { owner, repo, state: 'open' }),
        action('github.list-issues', { owner, repo, state: 'open' }),
        action('github.get-file-contents', { owner, repo, path: '.triage.json' }),
      ]);
      const triage = triageFile.parse(JSON.parse(file.text));
      const suspects = pulls.pullRequests.map(({ number, title }) => `#${number} ${title}`);

      const assign = plan(
        'servicenow.update-assignment',
        { sysId, assignmentGroup: triage.group, assignedTo: triage.onCall },
        { facts: [{ name: 'Group', value: `${incident.assignmentGroup?.name ?? 'nobody'} → ${triage.team}` }] },
      );
      const prioritise = plan(
        'servicenow.update-priority',
        { sysId, impact: triage.impact, urgency: triage.urgency },
        {
          facts: [
            {
              name: 'Impact and urgency',
              value: `${incident.impact.value}/${incident.urgency.value} → ${triage.impact}/${triage.urgency}`,
            },
          ],
        },
      );
      const note = plan('servicenow.add-work-note', {
        sysId,
        note: [
          `Triage: ${triage.team} owns ${owner}/${repo}.`,
          `Open pull requests: ${suspects.join('; ') || 'none'}.`,
          `Open issues: ${issues.issues.length}.`,
        ].join('\n'),
      });

      const decision = await approval({
        title: `Triage ${incident.number}`,
        reason: incident.shortDescription,
        context: [
          { name: 'Incident', value: `${incident.number}, priority ${incident.priority.display}`, url: incident.url },
          ...suspects.map((value) => ({ name: 'Open pull request', value })),
        ],
        actions: [assign, prioritise, note],
      });

      await action(assign);
      await action(prioritise);
      await action(note);
      await action('slack.post-message', {
        channel,
        text: `${incident.number} is with ${triage.team} now, approved by ${decision.actor}.`,
        link: { url: decision.auditUrl, label: 'What happened' },
      });
    },
  });
}
