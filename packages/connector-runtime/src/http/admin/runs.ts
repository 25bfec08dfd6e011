import { z } from 'zod';
import { RuntimeError } from '../../types/errors.ts';
import { answers } from './answers.ts';
import { showEntry } from './audit.ts';
import type { AdminPorts } from './ports.ts';
import { limit, requests, uuid } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Runs with their journals, and what a person may settle in them. */
export function runRoutes({ runs, audit }: AdminPorts): AdminRoutes {
  /** Another tenant's run is one that is not there. */
  async function find(runId: string, within: string | undefined) {
    const run = await runs.get(runId, within);
    if (run === undefined || (within !== undefined && run.tenantId !== within)) {
      throw new RuntimeError('RUN_UNKNOWN', `there is no run ${runId}`);
    }
    return run;
  }

  return {
    listRuns: route('GET /tenants/:tenantId/runs', {
      summary: 'The tenant’s runs, newest first',
      role: 'viewer',
      query: requests.listRuns,
      answer: z.object({ runs: z.array(answers.run) }),
      run: async ({ tenantId, query }) => ({ runs: await runs.list({ tenantId, ...query }) }),
    }),
    showRun: route('GET /runs/:runId', {
      summary: 'A run with its steps and approvals, without inputs and outputs',
      role: 'viewer',
      reach: 'own',
      answer: answers.runDetails,
      run: ({ runId, within }) => find(runId, within),
    }),
    listRunAudit: route('GET /runs/:runId/audit', {
      summary: 'The run’s audit entries, newest first',
      role: 'viewer',
      reach: 'own',
      query: requests.listAudit,
      answer: z.object({ runId: uuid, entries: z.array(answers.auditEntry) }),
      run: async ({ runId, within, query }) => {
        const { tenantId } = await find(runId, within);
        return { runId, entries: (await audit.list(tenantId, { ...query, runId })).map(showEntry) };
      },
    }),
    cancelRun: route('POST /runs/:runId/cancel', {
      summary: 'Begin nothing new in a run; a write in hand ends, and the run is cancelled',
      role: 'operator',
      reach: 'own',
      body: requests.cancelRun,
      run: async ({ runId, within, body: { reason }, by }) => {
        const { tenantId } = await find(runId, within);
        await runs.cancel({ tenantId, runId }, by, reason);
      },
    }),
    resumeRun: route('POST /runs/:runId/resume', {
      summary: 'Let a run that was stopped as diverged go on, under the code that is deployed now',
      role: 'operator',
      reach: 'own',
      run: async ({ runId, within, by }) => {
        const { tenantId } = await find(runId, within);
        await runs.resume({ tenantId, runId }, by);
      },
    }),
    listUnsettled: route('GET /tenants/:tenantId/unsettled', {
      summary: 'The tenant’s writes whose outcome is unknown, those that have waited longest first, without inputs',
      role: 'viewer',
      query: limit,
      answer: z.object({ writes: z.array(answers.unsettledWrite) }),
      run: async ({ tenantId, query }) => ({ writes: await runs.unsettled({ tenantId, ...query }) }),
    }),
    settleStep: route('POST /runs/:runId/steps/:stepKey/settle', {
      summary: 'Say what became of a write whose outcome is unknown',
      role: 'operator',
      reach: 'own',
      body: requests.settleStep,
      run: async ({ runId, stepKey, within, body, by }) => {
        const { tenantId } = await find(runId, within);
        await runs.settle({ tenantId, runId, stepKey }, body, by);
      },
    }),
  };
}
