import { createCanarySearch } from './judge.ts';
import { foreignRowsChanged, foreignRowsSeen, rowsOf } from './rows.ts';
import type { Scene, Tried } from './scene.ts';

/** Every table with rows of tenants, from the catalog: a transaction of one sees and changes nothing of another. */
export async function tryTables({ deployment: { store }, own, foreign, tables }: Scene): Promise<Tried> {
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
