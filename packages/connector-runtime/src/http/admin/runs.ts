import { Hono } from 'hono';
import { RuntimeError } from '../../types/errors.ts';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import { showEntry } from './audit.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson, readQuery } from './read-request.ts';
import { limit, requests } from './requests.ts';

/** Runs with their journals, and what a person may settle in them. */
export function runRoutes({ runs, audit }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();

  async function find(runId: string) {
    const run = await runs.get(runId);
    if (run === undefined) throw new RuntimeError('RUN_UNKNOWN', `there is no run ${runId}`);
    return run;
  }

  routes.get('/tenants/:tenantId/runs', async (c) => {
    const query = readQuery(c, limit);
    return c.json({ runs: await runs.list({ tenantId: readId(c, 'tenantId'), ...query }) });
  });
  routes.get('/runs/:runId', async (c) => c.json(await find(readId(c, 'runId'))));
  routes.get('/runs/:runId/audit', async (c) => {
    const { limit: count, before } = readQuery(c, requests.listAudit);
    const runId = readId(c, 'runId');
    const { tenantId } = await find(runId);
    const page = { runId, limit: count, ...(before === undefined ? {} : { before }) };
    return c.json({ runId, entries: (await audit.list(tenantId, page)).map(showEntry) });
  });
  routes.post('/runs/:runId/steps/:stepKey/settle', async (c) => {
    const found = await readJson(c, requests.settleStep);
    const runId = readId(c, 'runId');
    const { tenantId } = await find(runId);
    await runs.settle({ tenantId, runId, stepKey: c.req.param('stepKey') }, found, c.get('by'));
    return c.body(null, 204);
  });
  return routes;
}
