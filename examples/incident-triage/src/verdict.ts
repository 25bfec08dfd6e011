import { expected } from './emulators.ts';
import type { Report } from './report.ts';

const REFUSALS = {
  unsigned: 'ARTIFACT_UNSIGNED',
  modified: 'ARTIFACT_MODIFIED',
  'untrusted-signer': 'ARTIFACT_UNTRUSTED_SIGNER',
  'not-allowed': 'ARTIFACT_NOT_ALLOWED',
} as const;

/** What in a report is not as promised, in words; empty when all of it is. */
export function findProblems(report: Report, told: { deny: boolean; countedWrites: number }): string[] {
  const { run, incident, approval, deliveries, effects, audit, refused } = report;
  const { before, after } = incident;
  const writes = told.deny ? 0 : 3;
  const unless = (ok: boolean, what: string) => (ok ? [] : [what]);
  const same = <T>(what: string, actual: T, wanted: T) =>
    unless(actual === wanted, `${what} is ${actual}, not ${wanted}`);
  return [
    ...Object.entries(REFUSALS).flatMap(([which, code]) =>
      same(`the refusal of ${which}`, refused.find((one) => one.case === which)?.code, code),
    ),
    ...same('the run', run.status, told.deny ? 'denied' : 'completed'),
    ...same('the decision', approval.decision, told.deny ? 'denied' : 'approved'),
    ...same('the number of deliveries accepted', deliveries.accepted, 2),
    ...same('the number of duplicates', deliveries.duplicates, 2),
    ...same('the number of deliveries rejected', deliveries.rejected, 4),
    ...same('the number of rejections audited', deliveries.rejectedAudited, 4),
    ...same('the number of writes at ServiceNow', effects.servicenowWrites, writes),
    ...same('the number of writes in the ledger', told.countedWrites, writes),
    ...same('the number of messages posted to Slack', effects.slackPosts, told.deny ? 1 : 2),
    ...same('the number of messages updated in Slack', effects.slackUpdates, 1),
    ...unless(effects.githubReads > 0, 'GitHub was not read'),
    ...unless(audit.verified, 'the audit chain does not verify'),
    ...same('the group', after.assignmentGroup, told.deny ? before.assignmentGroup : expected.assignmentGroup),
    ...same('the assignee', after.assignedTo, told.deny ? before.assignedTo : expected.assignedTo),
    ...(told.deny ? [] : same('the priority', after.priority, expected.priority)),
    ...same('the number of work notes', after.workNotes, told.deny ? 0 : 1),
  ];
}
