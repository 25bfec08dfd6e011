import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { AuditEntry, AuditHead } from './audit-entry.ts';
import { readAudit, readAuditHead } from './postgres-audit-store.ts';
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

/** Verifies what {@link exportAudit} wrote, without a database. Throws `AUDIT_BROKEN`. */
export async function verifyAuditFile(
  path: string,
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
  const verified = await verifyAuditChain(resume(first, chain), head);
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

function unreadable(number: number, cause?: unknown): RuntimeError {
  return new RuntimeError('AUDIT_BROKEN', `Line ${number} of the audit export is not an entry: export it again`, {
    details: { line: number },
    cause,
  });
}

/** Verifies a tenant's chain as it is in the database now. Throws `AUDIT_BROKEN`. */
export async function verifyStoredAudit(db: Db, tenantId: string): Promise<{ entries: number; verified: true }> {
  const head = await readAuditHead(db, tenantId);
  return verifyAuditChain(readAudit(db, tenantId, head?.seq ?? '9223372036854775807'), head);
}
