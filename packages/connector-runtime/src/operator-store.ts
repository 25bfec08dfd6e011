import { userInfo } from 'node:os';
import { createAuditTrail } from './audit/index.ts';
import type { RuntimeOptions } from './config.ts';
import { loadConfigFile } from './config-file.ts';
import { keepMemoryPrivate } from './process-hygiene.ts';
import { openStore, type Store } from './store/index.ts';
import type { AuditTrail } from './types/audit.ts';
import { systemClock } from './types/clock.ts';
import { RuntimeError } from './types/errors.ts';
import { silentLog } from './types/log.ts';

/** The database of a config, for a command that works on it beside the runtimes. */
export interface OperatorStore {
  readonly store: Store;
  readonly audit: AuditTrail;
  readonly options: RuntimeOptions;
  /** Who does it, for the audit. */
  readonly by: string;
}

export async function withOperatorStore(
  config: string,
  work: (operator: OperatorStore) => Promise<void>,
): Promise<void> {
  await keepMemoryPrivate();
  const options = await loadConfigFile(config);
  const { database } = options;
  const store = await openStore(
    database.dataDir === undefined ? database : { ...database, exclusive: false },
    silentLog,
  );
  try {
    const audit = createAuditTrail({ db: store.db, clock: systemClock });
    await work({ store, audit, options, by: `operator:${userInfo().username}` });
  } finally {
    await store.close();
  }
}

/** By id, or by name. Throws `TENANT_UNKNOWN`. */
export async function findTenant({ db }: Store, tenant: string): Promise<string> {
  const rows = await db.selectFrom('connector.tenants').select(['id', 'name']).execute();
  const found = rows.find(({ id }) => id === tenant) ?? rows.find(({ name }) => name === tenant);
  if (found) return found.id;
  throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenant}; give its id or its name`);
}
