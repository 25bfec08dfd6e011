import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { adminDocument } from '@org/connector-runtime/stages';
import { sql } from 'kysely';
import { defineFault, type FaultOptions } from './fault.ts';
import { type Build, type Deployment, openDeployment } from './tenants/deployment.ts';
import { type Furnished, furnish } from './tenants/furnish.ts';
import { createCanarySearch, see, spellings } from './tenants/judge.ts';
import { type Operation, operationsOf } from './tenants/operations.ts';
import { foreignRowsChanged, foreignRowsSeen, rowsOf, type TenantTable, tenantTables } from './tenants/rows.ts';

/** Reads, writes, and a run behind a path without its tenant. */
const CONTROLS = ['listRuns', 'showRun', 'setPolicy', 'createWorkspace', 'disableEndpoint', 'listAllConnections'];

interface Scene {
  readonly deployment: Deployment;
  readonly own: Furnished;
  readonly foreign: Furnished;
  readonly tables: readonly TenantTable[];
}

const WAIT_MS = 60_000;

interface Tried {
  readonly tried: number;
  readonly violations: readonly string[];
}

export default defineFault({
  promise: 'no route, id, job or cache gives one tenant another’s data',
  async run(options) {
    const deployment = await openDeployment();
    try {
      const own = await furnish(deployment, 'a');
      const foreign = await furnish(deployment, 'b');
      deployment.breakTo(foreign.ids.tenantId ?? '');
      const scene = { deployment, own, foreign, tables: await tenantTables(deployment.store) };
      const bare = [...(await rowsOf(deployment.store, scene.tables, foreign.ids.tenantId ?? ''))]
        .filter(([, rows]) => rows === '')
        .map(([name]) => name);
      const operations = operationsOf(adminDocument());
      const swept = [await tryTables(scene), await tryDeliveries(scene, options), await tryCaches(scene, options)];
      const asked = await tryOperations(scene, options, 'as-built');
      const tried = [...swept, asked, await tryTables(scene)];
      // Last of all: a broken build may change what the others look at.
      const broken = [
        await tryOperations(scene, { ...options, size: 'short' }, 'port-without-tenant', ['listAudit']),
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

/** Every table with rows of tenants, from the catalog: a transaction of one sees and changes nothing of another. */
async function tryTables({ deployment: { store }, own, foreign, tables }: Scene): Promise<Tried> {
  const violations: string[] = [];
  const [from, to] = [own.ids.tenantId ?? '', foreign.ids.tenantId ?? ''];
  for (const table of tables) {
    if (!table.guarded) violations.push(`${table.name} has no row-level security`);
    if ((await foreignRowsSeen(store, table, from)) > 0) violations.push(`${table.name} shows rows of other tenants`);
    if ((await foreignRowsChanged(store, table, from, to)) > 0)
      violations.push(`${table.name} lets others change rows`);
  }
  for (const [one, other] of [
    [own, foreign],
    [foreign, own],
  ] as const) {
    const holdsCanary = createCanarySearch(other.canary);
    for (const [name, rows] of await rowsOf(store, tables, one.ids.tenantId ?? '')) {
      if (holdsCanary(rows)) violations.push(`${name} keeps another tenant’s data`);
    }
  }
  return { tried: tables.length * 5, violations };
}

/** The same bodies, so the same delivery keys, to both addresses in turn: each tenant has its own, once. */
async function tryDeliveries({ deployment: { store }, own, foreign }: Scene, { size }: FaultOptions): Promise<Tried> {
  const violations: string[] = [];
  const rounds = size === 'short' ? 10 : 200;
  const count = async ({ ids }: Furnished) => {
    const { n } = await store.db
      .selectFrom('connector.deliveries')
      .select(({ fn }) => fn.countAll<string>().as('n'))
      .where('tenant_id', '=', ids.tenantId ?? '')
      .where('endpoint_id', '=', ids.endpointId ?? '')
      .executeTakeFirstOrThrow();
    return Number(n);
  };
  const before = [await count(own), await count(foreign)];
  for (let round = 0; round < rounds; round++) {
    const body = JSON.stringify({ events: [], round });
    for (const one of [own, foreign, own, foreign]) {
      const { status } = await one.deliver(body);
      if (status !== 200) violations.push(`a delivery was answered ${status}`);
    }
  }
  const after = [await count(own), await count(foreign)];
  for (const at of [0, 1]) {
    const more = (after[at] ?? 0) - (before[at] ?? 0);
    if (more !== rounds) violations.push(`${rounds} deliveries to one tenant, the same to another: ${more} were kept`);
  }
  await quiet(store, rounds);
  return { tried: rounds * 4, violations };
}

/** Deliveries are worked on, and duplicates come into the audit, some time after: nothing of it may be taken for an attack. */
async function quiet({ db }: Deployment['store'], duplicatesOfEach: number): Promise<void> {
  for (const until = Date.now() + WAIT_MS; ; await pause(100)) {
    const { rows } = await sql<{ pending: number; counted: number }>`select
      (select count(*)::int from connector.deliveries where status = 'pending') as pending,
      (select coalesce(sum((body::json -> 'details' ->> 'count')::int), 0)::int from connector.audit_entries
        where kind = 'webhook.duplicate') as counted`.execute(db);
    if (rows[0]?.pending === 0 && rows[0].counted === duplicatesOfEach * 2) return;
    if (Date.now() > until) throw new Error('the deployment does not come to rest');
  }
}

const READ_OFTEN = ['policy', 'connections', 'endpoints', 'enablements', 'audit', 'tokens', 'runs', 'deliveries'];

/** Both tenants ask the same in turn and at once: whatever is remembered is remembered by tenant. */
async function tryCaches({ deployment, own, foreign }: Scene, { size }: FaultOptions): Promise<Tried> {
  const violations: string[] = [];
  const rounds = size === 'short' ? 3 : 50;
  const asks = Array.from({ length: rounds }, () => READ_OFTEN).flat();
  for (const part of asks) {
    await Promise.all(
      [own, foreign].map(async (one) => {
        const path = `/tenants/${one.ids.tenantId}/${part}`;
        const { raw } = await see(await deployment.ask({ method: 'GET', path, token: one.tokens.at(-1) ?? '' }));
        const other = one === own ? foreign : own;
        if (!raw.startsWith('200')) violations.push(`GET …/${part} answers ${raw.slice(0, 3)} to its own tenant`);
        if (createCanarySearch(other.canary)(raw)) violations.push(`GET …/${part} gives another tenant’s data`);
      }),
    );
  }
  return { tried: asks.length * 2, violations };
}

/** Each operation, as each role of one tenant, with ids of both and of nobody in every place and spelling. */
async function tryOperations(
  scene: Scene,
  { size, random, progress }: FaultOptions,
  build: Build,
  only?: readonly string[],
): Promise<Tried & { readonly done: ReadonlySet<string> }> {
  const { deployment, own, foreign, tables } = scene;
  const violations: string[] = [];
  const done = new Set<string>();
  let tried = 0;
  const snapshot = () => rowsOf(deployment.store, tables, foreign.ids.tenantId ?? '');
  const holdsCanary = createCanarySearch(foreign.canary);

  async function compare(
    operation: Operation,
    method: string,
    token: string,
    foreignAt: readonly string[],
    how: string,
  ) {
    const turn = `${build}-${tried}`;
    const nowhere = Object.fromEntries(foreignAt.map((place) => [place, randomUUID()]));
    const theirs = { ...own.ids, ...Object.fromEntries(foreignAt.map((place) => [place, foreign.ids[place] ?? ''])) };
    const ask = async (ids: Readonly<Record<string, string>>) => {
      const { path, body } = operation.fill(ids, turn);
      const id = ids[foreignAt[0] ?? 'tenantId'] ?? '';
      const spelt = spellings[how]?.(path, id) ?? path;
      const sent = ['POST', 'PUT', 'PATCH'].includes(method) ? (body ?? {}) : undefined;
      return see(await deployment.ask({ method, path: spelt, body: sent, token }, build));
    };
    const given = await ask(theirs);
    const what = `${method} ${operation.path} with another’s ${foreignAt.join(', ') || 'nothing'} (${how})`;
    tried += 1;
    if (holdsCanary(given.raw)) violations.push(`${what} gives another tenant’s data`);
    if (foreignAt.length === 0) {
      if (given.raw.startsWith('20')) done.add(operation.operationId);
      return;
    }
    const none = await ask({ ...own.ids, ...nowhere });
    tried += 1;
    if (given.shape !== none.shape) violations.push(`${what} differs from an id that does not exist`);
  }

  for (const operation of operationsOf(adminDocument())) {
    if (only && !only.includes(operation.operationId)) continue;
    const before = await snapshot();
    const [hows, methods] = formsOf(operation, size, random);
    for (const token of own.tokens) {
      for (const foreignAt of subsets(operation.places)) {
        await compare(operation, operation.method, token, foreignAt, 'plain');
      }
    }
    const everything = operation.places;
    const strongest = own.tokens.at(-1) ?? '';
    for (const how of hows) {
      for (const foreignAt of everything.length === 0 ? [[]] : [everything, ...everything.map((place) => [place])]) {
        await compare(operation, operation.method, strongest, foreignAt, how);
      }
    }
    for (const method of methods) await compare(operation, method, strongest, everything, 'plain');
    const after = await snapshot();
    for (const [name, rows] of after) {
      if (before.get(name) !== rows) violations.push(`${operation.operationId} changed ${name} of another tenant`);
    }
    progress(`${operation.operationId}: ${tried} tried, ${violations.length} broken`);
  }
  return { tried, violations, done };
}

function formsOf(operation: Operation, size: FaultOptions['size'], random: () => number): [string[], string[]] {
  const [hows, methods] = [Object.keys(spellings), ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']];
  const others = methods.filter((method) => method !== operation.method);
  if (size === 'long') return [hows, others];
  const some = <T>(all: readonly T[], n: number) => all.toSorted(() => random() - 0.5).slice(0, n);
  return [some(hows, 4), some(others, 2)];
}

/** Every choice of places; the empty one too. */
function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, choice) => all.filter((_, at) => (choice >> at) & 1));
}
