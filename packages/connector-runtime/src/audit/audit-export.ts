import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { PublicKey } from '@org/connector-artifact';
import { z } from 'zod';
import type { Db } from '../types/database.ts';
import type { RuntimeError } from '../types/errors.ts';
import type { AuditEntry, AuditHead } from './audit-entry.ts';
import { chainBroken } from './chain-break.ts';
import { readAudit, readAuditHead, readSeals } from './postgres-audit-store.ts';
import { CHAIN_START, type ChainPlace, isSame, verifySegments } from './sealed-segment.ts';
import type { SignedHead } from './signed-head.ts';
import { type ChainEvidence, verifyAuditChain } from './verify-audit-chain.ts';

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.string().regex(/^(0|[1-9]\d{0,18})$/);
const place = z.strictObject({ seq, hash: hex });
const headerSchema = z.strictObject({
  head: z.strictObject({ tenantId: z.uuid(), seq, hash: hex }),
  base: place.optional(),
  seals: z.array(z.string()).optional(),
});
const lineSchema = z.union([
  headerSchema,
  z.strictObject({
    tenantId: z.uuid(),
    seq,
    runId: z.uuid().nullable(),
    kind: z.string(),
    body: z.string(),
    previousHash: hex,
    hash: hex,
  }),
]);

/** What an export begins with: where it ends and, unless it begins with the chain, where, and the seals of what is not in it. */
export type ExportHeader = z.infer<typeof headerSchema>;

/** What the entries of a chain are compared with. */
export interface Vouchers {
  /** Heads whose signatures were verified. */
  readonly signed?: readonly SignedHead[];
  /** Keys that may have signed seals. */
  readonly keys?: readonly PublicKey[];
}

/**
 * What the database has of a tenant's chain as NDJSON: first its head, then each entry, oldest first. Lines that are appended
 * meanwhile are left out.
 */
export async function* exportAudit(db: Db, tenantId: string): AsyncGenerator<string> {
  const head = await readAuditHead(db, tenantId);
  if (head === undefined) return;
  const seals = await readSeals(db, tenantId);
  const base = await readBase(db, head);
  yield* writeExport(db, { head, ...(seals.length === 0 ? {} : { base, seals }) });
}

/** An export line by line, of the entries that its header tells of. */
export async function* writeExport(db: Db, header: ExportHeader): AsyncGenerator<string> {
  const { head, base = CHAIN_START } = header;
  yield `${JSON.stringify(header)}\n`;
  for await (const entry of readAudit(db, head.tenantId, head.seq, base.seq)) yield `${JSON.stringify(entry)}\n`;
}

/** Where what the database has begins, as its first entry says; nothing is believed of it before it is verified. */
async function readBase(db: Db, head: AuditHead): Promise<ChainPlace> {
  for await (const first of readAudit(db, head.tenantId, head.seq)) {
    return { seq: String(BigInt(first.seq) - 1n), hash: first.previousHash };
  }
  return { seq: head.seq, hash: head.hash };
}

/** Verifies what {@link exportAudit} or a sealed segment's file has, without a database. Throws `AUDIT_BROKEN`. */
export async function verifyAuditFile(
  path: string,
  { signed = [], keys = [] }: Vouchers = {},
): Promise<{ entries: number; verified: true; head: AuditHead | undefined }> {
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  let header: ExportHeader | undefined;
  async function* entries(): AsyncGenerator<AuditEntry> {
    let number = 0;
    for await (const text of lines) {
      number += 1;
      const line = parseLine(text, number);
      if ('head' in line) {
        if (number > 1) throw unreadable(number);
        header = line;
      } else yield line;
    }
  }
  const chain = entries();
  // The header is the first line: it is known once the first entry (or the end) was read.
  const first = await chain.next();
  // Of an export without a head nobody knows whose it is: it has to be empty, and nothing signed may be missing in it.
  const evidence =
    header === undefined ? { head: undefined, signedHeads: signed } : evidenceOf(header, { signed, keys });
  const verified = await verifyAuditChain(resume(first, chain), evidence);
  return { ...verified, head: header?.head };
}

/** What is claimed of a chain, after the seals among it were verified. */
function evidenceOf({ head, base, seals = [] }: ExportHeader, { signed = [], keys = [] }: Vouchers): ChainEvidence {
  const segments = verifySegments(seals, keys);
  if (segments.some(({ tenantId }) => tenantId !== head.tenantId))
    throw unsealed(base, 'its seals are of another chain');
  if (base !== undefined && !isSame(base, CHAIN_START) && !segments.some(({ end }) => isSame(end, base))) {
    throw unsealed(base, 'no seal vouches for what comes before');
  }
  // A segment's own file ends where its seal says; later heads are of later entries.
  const own = segments.find(({ end }) => end.seq === head.seq);
  if (own !== undefined && own.end.hash !== head.hash) {
    throw chainBroken({ kind: 'rewritten', seq: head.seq, reason: 'its seal has another hash' });
  }
  const signedHeads = signed.filter(
    ({ tenantId, seq: at }) => tenantId === head.tenantId && (own === undefined || BigInt(at) <= BigInt(head.seq)),
  );
  return { head, signedHeads, ...(base === undefined ? {} : { base }) };
}

function unsealed(base: ChainPlace | undefined, reason: string): RuntimeError {
  return chainBroken({ kind: 'unsealed', seq: String(BigInt(base?.seq ?? '0') + 1n), reason });
}

async function* resume<T>(first: IteratorResult<T>, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

function parseLine(text: string, number: number): z.infer<typeof lineSchema> {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw unreadable(number, cause);
  }
}

function unreadable(line: number, cause?: unknown): RuntimeError {
  const reason = `line ${line} of the export is not an entry`;
  return chainBroken({ kind: 'edited', seq: String(line - 1), reason }, cause);
}

/**
 * Verifies a tenant's chain as it is in the database now: from its first entry, or from where its last sealed segment ends.
 * Throws `AUDIT_BROKEN`.
 */
export async function verifyStoredAudit(
  db: Db,
  tenantId: string,
  vouchers: Vouchers = {},
): Promise<{ entries: number; verified: true }> {
  const head = await readAuditHead(db, tenantId);
  const seals = await readSeals(db, tenantId);
  const base = verifySegments(seals, vouchers.keys ?? []).at(-1)?.end;
  const signed = vouchers.signed?.filter((one) => one.tenantId === tenantId) ?? [];
  if (head === undefined) return verifyAuditChain(readAudit(db, tenantId, LAST), { head, signedHeads: signed });
  const evidence = evidenceOf({ head, seals, ...(base && { base }) }, { ...vouchers, signed });
  try {
    return await verifyAuditChain(readAudit(db, tenantId, head.seq), evidence);
  } catch (error) {
    // Sealed while it was read: what is there now is another part of the chain.
    if ((await readSeals(db, tenantId)).length === seals.length) throw error;
    return verifyStoredAudit(db, tenantId, vouchers);
  }
}

const LAST = '9223372036854775807';
