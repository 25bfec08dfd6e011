import { setTimeout } from 'node:timers/promises';
import { openKeyWrappers } from './key-wrappers.ts';
import { findTenant, type OperatorStore, withOperatorStore } from './operator-store.ts';
import type { Store } from './store/index.ts';
import { RuntimeError } from './types/errors.ts';
import {
  type KeyStatus,
  type KeyWrappers,
  pruneKeys,
  readKeyStatus,
  rotateMaster,
  rotateTenants,
  shredTenant,
} from './vault/index.ts';

/** A node may seal with a tenant's old key for as long as it remembers the tenant's keys: 10 s. */
const SETTLE_MS = 11_000;
const PROGRESS_MS = 1_000;

/** Prints each key. Exit code 1 when one was asked to open and does not. */
export async function showKeys(config: string, { json, check }: { json: boolean; check: boolean }): Promise<void> {
  await withOperatorStore(config, async ({ store, options }) => {
    const wrappers = check ? await openKeyWrappers(options, () => {}) : undefined;
    const keys = await readKeyStatus(store.db, { wrappers });
    for (const key of keys) print(json ? JSON.stringify(key) : lineOf(key));
    if (keys.length === 0 && !json) print('there are no keys yet: the first secret of a tenant makes one');
    requireAllOpen(keys.filter(({ opens }) => opens !== undefined && opens !== true).length);
  });
}

/** Throws `CREDENTIAL_UNREADABLE` when keys were left out that no configured master key opens. */
export async function rotateMasterKey(config: string, json: boolean): Promise<void> {
  await withOperatorStore(config, async (work) => {
    const wrappers = await openKeyWrappers(work.options, () => {});
    const tell = progress();
    const done = await rotateMaster({
      ...portsOf(work, wrappers),
      onProgress: (at, total) => tell(`${at} of ${total} keys`),
    });
    print(json ? JSON.stringify(done) : `${done.rewrapped} keys wrapped anew by ${done.wrapper}`);
    requireAllOpen(done.unreadable.length);
  });
}

export async function rotateTenantKeys(
  config: string,
  { tenant, all, json }: { tenant: string | undefined; all: boolean; json: boolean },
): Promise<void> {
  if ((tenant === undefined) === !all) throw usage('name one tenant, or give --all');
  await withOperatorStore(config, async (work) => {
    const tenantIds = tenant === undefined ? await tenantsWithKeys(work.store) : [await findTenant(work.store, tenant)];
    const wrappers = await openKeyWrappers(work.options, () => {});
    const tell = progress();
    const ports = portsOf(work, wrappers);
    const rotations = await rotateTenants({
      ...ports,
      tenantIds,
      settle: () => (work.store.soleOwner ? Promise.resolve() : setTimeout(SETTLE_MS)),
      onProgress: ({ tenantId, done, total }) => tell(`${tenantId}: ${done} of ${total} secrets`),
    });
    const removed = await pruneKeys(ports);
    for (const { tenantId, version, resealed, unreadable, resumed } of rotations) {
      const went = resumed ? 'went on with' : 'made';
      print(
        json
          ? JSON.stringify({ tenantId, version, resumed, resealed, unreadable })
          : `${tenantId}: ${went} key ${version}, ${resealed} secrets sealed anew, ${unreadable} unreadable`,
      );
    }
    if (!json)
      print(`${removed} old keys removed; the others stay 15 minutes, and for as long as something needs them`);
    requireAllOpen(rotations.reduce((sum, { unreadable }) => sum + unreadable, 0));
  });
}

export async function shredTenantKeys(
  config: string,
  { tenant, confirm, json }: { tenant: string; confirm: string | undefined; json: boolean },
): Promise<void> {
  if (confirm !== tenant) {
    throw usage(`this destroys every secret of the tenant for good; to do it, add --confirm ${tenant}`);
  }
  await withOperatorStore(config, async ({ store, audit, by }) => {
    const tenantId = await findTenant(store, tenant);
    const { versions } = await shredTenant({ db: store.db, audit, tenantId, by });
    print(json ? JSON.stringify({ tenantId, versions }) : `${tenantId}: ${versions} keys destroyed`);
  });
}

function portsOf({ store, audit, by }: OperatorStore, wrappers: KeyWrappers) {
  return { db: store.db, audit, wrappers, by };
}

/** Of those that were not shredded. */
async function tenantsWithKeys({ db }: Store): Promise<string[]> {
  const rows = await db
    .selectFrom('connector.tenant_keys')
    .select('tenant_id')
    .distinct()
    .where('wrapped_key', 'is not', null)
    .orderBy('tenant_id')
    .execute();
  return rows.map(({ tenant_id }) => tenant_id);
}

function requireAllOpen(unreadable: number): void {
  if (unreadable === 0) return;
  throw new RuntimeError(
    'CREDENTIAL_UNREADABLE',
    `${unreadable} did not open with the config's master keys: add the one they were made with to previousMasterKeys and call this again, or store those secrets anew`,
  );
}

function lineOf({ tenantId, version, wrapper, state, sealed, opens }: KeyStatus): string {
  const open = opens === undefined ? '' : opens === true ? ', opens' : `, does not open (${opens})`;
  return `${tenantId} key ${version}: ${state}, ${sealed} secrets, ${wrapper ?? 'local'}${open}`;
}

/** One line a second at most, to standard error. */
function progress(): (line: string) => void {
  let last = 0;
  return (line) => {
    const now = Date.now();
    if (now - last < PROGRESS_MS) return;
    last = now;
    process.stderr.write(`${line}\n`);
  };
}

function usage(problem: string): RuntimeError {
  return new RuntimeError('CONFIG_INVALID', problem);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
