import { readFile } from 'node:fs/promises';
import { findTenant, withOperatorStore } from './operator-store.ts';
import { createReferencePolicies } from './secret-references/index.ts';
import { RuntimeError } from './types/errors.ts';

/** Prints what a tenant's references may point to, as JSON. */
export function showReferencePolicy(config: string, tenant: string): Promise<void> {
  return withOperatorStore(config, async ({ store, audit }) => {
    const policies = createReferencePolicies({ db: store.db, audit });
    print(await policies.read(await findTenant(store, tenant)));
  });
}

/** Replaces it by a JSON file's. Throws `SECRET_REFERENCE_INVALID`. */
export async function setReferencePolicy(config: string, tenant: string, file: string): Promise<void> {
  const policy = await readJson(file);
  await withOperatorStore(config, async ({ store, audit, by }) => {
    const policies = createReferencePolicies({ db: store.db, audit });
    print(await policies.set({ tenantId: await findTenant(store, tenant), policy, by }));
  });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new RuntimeError(
      'CONFIG_INVALID',
      `${file} can't be read as JSON: give a file like {"env":["ACME_SECRET"]}`,
      {
        cause,
      },
    );
  }
}

function print(policy: object): void {
  process.stdout.write(`${JSON.stringify(policy)}\n`);
}
