import { exportAudit, listAuditHeads, verifyAuditFile, verifyStoredAudit } from './audit/index.ts';
import { loadConfigFile } from './config-file.ts';
import { openStore, type Store } from './store/index.ts';
import { silentLog } from './types/log.ts';

/** Verifies an export offline. Throws `AUDIT_BROKEN`. */
export async function verifyAuditExport(file: string, json: boolean): Promise<void> {
  const { entries, verified, head } = await verifyAuditFile(file);
  report({ tenantId: head?.tenantId ?? null, entries, verified }, json);
}

/** Verifies every chain in the database of a config, also while a runtime works on it. Throws `AUDIT_BROKEN`. */
export async function verifyAuditOf(configPath: string, json: boolean): Promise<void> {
  await withStore(configPath, async ({ db }) => {
    for (const { tenantId } of await listAuditHeads(db)) {
      report({ tenantId, ...(await verifyStoredAudit(db, tenantId)) }, json);
    }
  });
}

/** Writes a tenant's chain to standard output. */
export async function writeAuditExport(configPath: string, tenantId: string): Promise<void> {
  await withStore(configPath, async ({ db }) => {
    for await (const line of exportAudit(db, tenantId)) {
      if (!process.stdout.write(line)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  });
}

async function withStore(configPath: string, work: (store: Store) => Promise<void>): Promise<void> {
  const { database } = await loadConfigFile(configPath);
  const store = await openStore(
    database.dataDir === undefined ? database : { ...database, exclusive: false },
    silentLog,
  );
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

function report(result: { tenantId: string | null; entries: number; verified: true }, json: boolean): void {
  const text = `${result.tenantId ?? 'empty export'}: ${result.entries} entries, verified`;
  process.stdout.write(`${json ? JSON.stringify(result) : text}\n`);
}
