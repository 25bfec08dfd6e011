import { createHash, randomBytes } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';

/** What an endpoint has several of while a rotation overlaps. Exactly one of each has no end. */
export type EndpointPart = 'address' | 'secret';

interface NewPart {
  readonly endpointId: string;
  readonly tenantId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const TABLES = { address: 'connector.endpoint_addresses', secret: 'connector.endpoint_secrets' } as const;
const TOKEN_BYTES = 32;
/** Each one is tried at every delivery. */
const MOST = 5;

/** A new address; only its token's hash is kept. */
export async function insertAddress(
  trx: Transaction<Database>,
  { endpointId, tenantId, now }: NewPart,
): Promise<{ readonly id: string; readonly token: Secret }> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const id = uuidv7({ msecs: now });
  await trx
    .insertInto('connector.endpoint_addresses')
    .values({
      id,
      endpoint_id: endpointId,
      tenant_id: tenantId,
      token_hash: createHash('sha256').update(token).digest(),
      created_at: new Date(now),
      expires_at: null,
    })
    .execute();
  return { id, token: new Secret(token) };
}

export async function insertSecret(
  trx: Transaction<Database>,
  { endpointId, tenantId, now, sealed }: NewPart & { readonly sealed: Buffer },
): Promise<string> {
  const id = uuidv7({ msecs: now });
  await trx
    .insertInto('connector.endpoint_secrets')
    .values({
      id,
      endpoint_id: endpointId,
      tenant_id: tenantId,
      sealed,
      created_at: new Date(now),
      expires_at: null,
    })
    .execute();
  return id;
}

/**
 * Gives all that an endpoint has of it an end, `until` at the latest, so that a new one can become the current one. Its
 * caller holds the endpoint's lock.
 *
 * @throws RuntimeError `ENDPOINT_ROTATION_LIMIT`
 */
export async function endEarlier(
  trx: Transaction<Database>,
  part: EndpointPart,
  { endpointId, tenantId, now, until }: NewPart & { readonly until: Date },
): Promise<void> {
  const { rows } = await sql<{ ended: number }>`
    with ended as (
      update ${sql.table(TABLES[part])} set expires_at = least(coalesce(expires_at, ${until}), ${until})
      where endpoint_id = ${endpointId} and tenant_id = ${tenantId}
        and (expires_at is null or expires_at > ${new Date(now)})
      returning expires_at
    )
    select count(*)::int as ended from ended where expires_at > ${new Date(now)}`.execute(trx);
  if ((rows[0]?.ended ?? 0) < MOST) return;
  throw new RuntimeError(
    'ENDPOINT_ROTATION_LIMIT',
    `endpoint ${endpointId} has ${MOST} of them in use, which is the most: wait until one ends, or rotate without overlap`,
  );
}
