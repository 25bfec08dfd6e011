import type { EmulatorsState } from '@org/connector-testing';
import type { AdminClient } from './admin-client.ts';
import { type Emulators, expected } from './emulators.ts';
import { eventually } from './eventually.ts';
import { readIncident } from './incident.ts';
import type { IncidentFields, Report } from './report.ts';
import type { RunView } from './run-view.ts';
import type { Tenant } from './setup.ts';
import { type Stats, sinceThen } from './stats.ts';
import { findProblems } from './verdict.ts';

/** Brings together what the runtime says with what the vendors counted. */
export async function gather(told: {
  readonly artifacts: Report['artifacts'];
  readonly refused: Report['refused'];
  readonly run: RunView;
  readonly before: IncidentFields;
  readonly admin: AdminClient;
  readonly tenant: Tenant;
  readonly emulators: Emulators;
  readonly deny: boolean;
  /** The counts before the first delivery. */
  readonly earlier: Stats;
}): Promise<Report> {
  const { run, admin, tenant, emulators, deny } = told;
  const of = `/tenants/${tenant.tenantId}`;
  const deliveries = sinceThen(await admin.get<Stats>('/stats'), told.earlier);
  // The message in Slack is updated by a job of its own.
  const state = await eventually('the decision in Slack', async () => {
    const now = await emulators.control.state();
    return countUpdated(now.slack) > 0 ? now : undefined;
  });
  const { approvals } = await admin.get<{ approvals: { status: string; decidedBy: string | null }[] }>(
    `${of}/approvals`,
  );
  const audit = await admin.get<{ verified: boolean; entries: number }>(`${of}/audit/verify`);
  const report: Report = {
    ok: false,
    durationMs: 0,
    artifacts: told.artifacts,
    refused: told.refused,
    run: {
      id: run.id,
      status: run.status,
      steps: run.steps.map(({ key, kind, action, status, attempts }) => ({
        key,
        action: action ?? kind,
        outcome: status,
        attempts,
      })),
    },
    incident: {
      number: expected.incident,
      before: told.before,
      after: await readIncident(emulators.control, expected.incident),
    },
    approval: { decision: approvals[0]?.status ?? 'none', actor: approvals[0]?.decidedBy ?? '' },
    deliveries,
    effects: {
      servicenowWrites: state.servicenow.effects.writes,
      slackPosts: state.slack.effects.posts,
      slackUpdates: countUpdated(state.slack),
      githubReads: state.github.effects.reads,
    },
    audit: { entries: audit.entries, verified: audit.verified, url: run.auditUrl },
    problems: [],
  };
  const writes = run.steps.filter(
    ({ action, status }) =>
      action?.startsWith('servicenow.') && action !== 'servicenow.get-incident' && status === 'succeeded',
  );
  report.problems = findProblems(report, { deny, countedWrites: writes.length });
  return report;
}

/** Messages, not calls: a runtime that was killed as it redrew one draws the same again. */
function countUpdated({ messages }: Pick<EmulatorsState['slack'], 'messages'>): number {
  return Object.values(messages)
    .flat()
    .filter(({ edited }) => edited !== undefined).length;
}
