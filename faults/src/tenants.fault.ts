import { adminDocument } from '@org/connector-runtime/stages';
import { defineFault } from './fault.ts';
import { openDeployment } from './tenants/deployment.ts';
import { furnish, furnishSeal } from './tenants/furnish.ts';
import { operationsOf } from './tenants/operations.ts';
import { foreignRowsSeen, rowsOf, tenantTables } from './tenants/rows.ts';
import { tryCaches } from './tenants/try-caches.ts';
import { tryDeliveries } from './tenants/try-deliveries.ts';
import { tryOperations } from './tenants/try-operations.ts';
import { tryTables } from './tenants/try-tables.ts';

/** Reads, writes, and a run behind a path without its tenant. */
const CONTROLS = ['listRuns', 'showRun', 'setPolicy', 'createWorkspace', 'disableEndpoint', 'listAllConnections'];

export default defineFault({
  promise: 'no route, id, job or cache gives one tenant another’s data',
  async run(options) {
    const deployment = await openDeployment();
    try {
      const own = await furnish(deployment, 'a');
      const foreign = await furnish(deployment, 'b');
      deployment.breakTo(foreign.ids.tenantId ?? '');
      const scene = { deployment, own, foreign, tables: await tenantTables(deployment.store) };
      const operations = operationsOf(adminDocument());
      const swept = [await tryTables(scene), await tryDeliveries(scene, options), await tryCaches(scene, options)];
      const asked = await tryOperations(scene, options, 'as-built');
      for (const one of [own, foreign]) await furnishSeal(deployment, one);
      const bare = [...(await rowsOf(deployment.store, scene.tables, foreign.ids.tenantId ?? ''))]
        .filter(([, rows]) => rows === '')
        .map(([name]) => name);
      const tried = [...swept, asked, await tryTables(scene)];
      // Last of all: a broken build may change what the others look at.
      const broken = [
        await tryOperations(scene, { ...options, size: 'short' }, 'port-without-tenant', ['readPolicy']),
        await tryOperations(scene, { ...options, size: 'short' }, 'token-without-tenant', CONTROLS),
      ];
      const unguarded = await Promise.all(
        scene.tables.map((table) => foreignRowsSeen(deployment.store, table, own.ids.tenantId ?? '', '*')),
      );
      return {
        tried: tried.reduce((sum, one) => sum + one.tried, 0),
        violations: tried.flatMap(({ violations }) => violations),
        controlCaught: broken.every(({ violations }) => violations.length > 0) && unguarded.every((seen) => seen > 0),
        notes: [
          `${scene.tables.length} tables, ${operations.length} operations, of which ${asked.done.size} were done for the own tenant`,
          ...(bare.length === 0
            ? []
            : [`nothing is in: ${bare.join(', ')}; only their row-level security was looked at`]),
        ],
      };
    } finally {
      await deployment.close();
    }
  },
});
