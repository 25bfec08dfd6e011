import type { KeyObject } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../types/database.ts';
import { parseSealed, sealUnder } from './seal-format.ts';
import { endpointPlace, placeOf, type SealContext } from './seal-place.ts';

/** A column of sealed values, and where each of its rows belongs. */
interface SealedColumn {
  readonly table: string;
  readonly id: string;
  /** Of what the value belongs to. */
  readonly owner: string;
  readonly column: string;
  readonly generation: string;
  place(tenantId: string, row: SealedRow): SealContext;
}

interface SealedRow {
  readonly id: string;
  readonly owner: string;
  readonly generation: number;
  readonly sealed: Buffer;
}

const sealedColumns: readonly SealedColumn[] = [
  {
    table: 'connector.credentials',
    id: 'connection_id',
    owner: 'connection_id',
    column: 'sealed',
    generation: 'generation',
    place: (tenantId, { owner, generation }) => ({ tenantId, ownerId: owner, field: 'credential', generation }),
  },
  {
    table: 'connector.endpoint_secrets',
    id: 'id',
    owner: 'endpoint_id',
    column: 'sealed',
    generation: '0',
    place: (tenantId, { owner }) => endpointPlace(owner, tenantId),
  },
];

export interface ResealOptions {
  readonly db: Db;
  readonly tenantId: string;
  /** Everything sealed under an older one is sealed anew under this. */
  readonly version: number;
  readonly key: KeyObject;
  /** Undefined for a key that does not open. */
  readonly keyOf: (version: number) => Promise<KeyObject | undefined>;
  /** Rows that opened under no key are added, and not tried again. */
  readonly unreadable: Set<string>;
  readonly batchSize: number;
  readonly onProgress: (done: number, total: number) => void;
}

/** Batch by batch, each in a short transaction of its own. Rows in use are left for last, and then waited for. */
export async function resealOlder(options: ResealOptions): Promise<number> {
  const total = await countOlder(options);
  let done = 0;
  for (const waiting of [false, true]) {
    for (const column of sealedColumns) {
      let after: string | undefined;
      do {
        const batch = await resealBatch(options, column, { after, waiting });
        done += batch.resealed;
        after = batch.last;
        if (batch.resealed > 0) options.onProgress(done, Math.max(total, done));
      } while (after !== undefined);
    }
  }
  return done;
}

async function resealBatch(
  { db, tenantId, version, key, keyOf, unreadable, batchSize }: ResealOptions,
  column: SealedColumn,
  { after, waiting }: { readonly after: string | undefined; readonly waiting: boolean },
): Promise<{ readonly resealed: number; readonly last: string | undefined }> {
  const [table, id, sealed] = [sql.table(column.table), sql.ref(column.id), sql.ref(column.column)];
  return db.transaction().execute(async (trx) => {
    // The row stays ours until both forms are exchanged: whoever renews it waits, and then reads the new one.
    const { rows } = await sql<SealedRow>`
      select ${id} as id, ${sql.ref(column.owner)} as owner, ${sql.raw(column.generation)} as generation, ${sealed} as sealed from ${table}
      where tenant_id = ${tenantId} and data_key < ${version}
        and (${after ?? null}::uuid is null or ${id} > ${after ?? null}::uuid)
      order by ${id} limit ${batchSize} for update ${waiting ? sql`` : sql`skip locked`}`.execute(trx);
    const anew = new Map<string, Buffer>();
    for (const row of rows) {
      if (unreadable.has(row.id)) continue;
      const place = placeOf(column.place(tenantId, row));
      const value = parseSealed(row.sealed);
      const old = value && (await keyOf(value.version));
      const plain = old && value.open(old, place);
      if (plain === undefined) unreadable.add(row.id);
      else anew.set(row.id, sealUnder(key, version, place, plain));
      plain?.fill(0);
    }
    if (anew.size > 0) {
      await sql`update ${table} as t set ${sealed} = anew.sealed
        from unnest(${[...anew.keys()]}::uuid[], ${[...anew.values()]}::bytea[]) as anew (id, sealed)
        where t.${id} = anew.id and t.tenant_id = ${tenantId}`.execute(trx);
    }
    return { resealed: anew.size, last: rows.at(-1)?.id };
  });
}

async function countOlder({ db, tenantId, version }: ResealOptions): Promise<number> {
  let total = 0;
  for (const { table } of sealedColumns) {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from ${sql.table(table)}
      where tenant_id = ${tenantId} and data_key < ${version}`.execute(db);
    total += rows[0]?.count ?? 0;
  }
  return total;
}
