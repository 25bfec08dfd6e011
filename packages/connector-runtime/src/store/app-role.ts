import { RuntimeError } from '../types/errors.ts';
import { APP_ROLE } from './database-url.ts';
import type { OwnerClient } from './owner-client.ts';

/** Roles belong to the whole server: another database's migration may make the same one at the same time. */
const raced = new Set(['42710', '23505', 'XX000']);

/** Creates the role if there is none and lets the URL's user take it on. Throws `DATABASE_UNSAFE` where that is not allowed. */
export async function ensureAppRole(client: OwnerClient): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await createRole(client);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === '42501') throw notAllowed(error);
      if (tries === 5 || !raced.has(code ?? '')) throw error;
    }
  }
}

async function createRole(client: OwnerClient): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>(
    'select exists (select from pg_roles where rolname = $1) as present',
    [APP_ROLE],
  );
  if (!rows[0]?.present) await client.query(`create role ${APP_ROLE} nologin`);
  if (!(await mayTakeRole(client))) await client.query(`grant ${APP_ROLE} to current_user`);
}

async function mayTakeRole(client: OwnerClient): Promise<boolean> {
  try {
    await client.query(`set role ${APP_ROLE}`);
    await client.query('reset role');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '42501') return false;
    throw error;
  }
}

function notAllowed(cause: unknown): RuntimeError {
  return new RuntimeError(
    'DATABASE_UNSAFE',
    `The database user may not create or take on the role ${APP_ROLE}: as an administrator run "create role ${APP_ROLE} nologin" and "grant ${APP_ROLE} to <the user of the URL>"`,
    { cause },
  );
}
