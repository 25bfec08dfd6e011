import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Db } from '../types/database.ts';
import type { RuntimeError } from '../types/errors.ts';
import type { AuditEntry, AuditHead } from './audit-entry.ts';
import { chainBroken } from './chain-break.ts';
import { readAudit, readAuditHead } from './postgres-audit-store.ts';
import type { SignedHead } from './signed-head.ts';
import { verifyAuditChain } from './verify-audit-chain.ts';

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.string().regex(/^(0|[1-9]\d{0,18})$/);
const lineSchema = z.union([
  z.strictObject({ head: z.strictObject({ tenantId: z.uuid(), seq, hash: hex }) }),
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

/** A tenant's chain as NDJSON: first its head, then each entry, oldest first. Lines that are appended meanwhile are left out. */
export async function* exportAudit(db: Db, tenantId: string): AsyncGenerator<string> {
  const head = await readAuditHead(db, tenantId);
  if (head === undefined) return;
  yield `${JSON.stringify({ head })}\n`;
  for await (const entry of readAudit(db, tenantId, head.seq)) yield `${JSON.stringify(entry)}\n`;
}

/** Verifies what {@link exportAudit} wrote, without a database; against the signed heads of its tenant. Throws `AUDIT_BROKEN`. */
export async function verifyAuditFile(
  path: string,
  signed: readonly SignedHead[] = [],
): Promise<{ entries: number; verified: true; head: AuditHead | undefined }> {
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  let head: AuditHead | undefined;
  async function* entries(): AsyncGenerator<AuditEntry> {
    let number = 0;
    for await (const text of lines) {
      number += 1;
      const line = parseLine(text, number);
      if ('head' in line) {
        if (number > 1) throw unreadable(number);
        head = line.head;
      } else yield line;
    }
  }
  const chain = entries();
  // The head is on the first line: it is known once the first entry (or the end) was read.
  const first = await chain.next();
  // Of an export without a head nobody knows whose it is: it has to be empty, and nothing signed may be missing in it.
  const signedHeads = head === undefined ? signed : signed.filter(({ tenantId }) => tenantId === head?.tenantId);
  const verified = await verifyAuditChain(resume(first, chain), { head, signedHeads });
  return { ...verified, head };
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

/** Verifies a tenant's chain as it is in the database now, against its signed heads. Throws `AUDIT_BROKEN`. */
export async function verifyStoredAudit(
  db: Db,
  tenantId: string,
  signed: readonly SignedHead[] = [],
): Promise<{ entries: number; verified: true }> {
  const head = await readAuditHead(db, tenantId);
  const signedHeads = signed.filter((one) => one.tenantId === tenantId);
  return verifyAuditChain(readAudit(db, tenantId, head?.seq ?? '9223372036854775807'), { head, signedHeads });
}
