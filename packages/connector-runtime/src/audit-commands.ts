import { readFile } from 'node:fs/promises';
import type { PublicKey } from '@org/connector-artifact';
import {
  type ChainBreak,
  chainBreakOf,
  exportAudit,
  listAuditHeads,
  readSignedHeads,
  type Sealed,
  type SignedHead,
  sealSegment,
  verifyAuditFile,
  verifySignedHeads,
  verifyStoredAudit,
} from './audit/index.ts';
import { openAuditKeys, openHeadSigner, readPublicKey } from './open-audit-keys.ts';
import { withOperatorStore } from './operator-store.ts';
import { connectOwner } from './store/index.ts';
import { systemClock } from './types/clock.ts';
import { RuntimeError } from './types/errors.ts';

export interface VerifyFlags {
  /** Files of public keys. */
  readonly key: readonly string[];
  /** A file of signed heads. */
  readonly head?: string;
  readonly json?: true;
}

/** What was found out about one chain, and by what. */
interface ChainReport {
  readonly tenantId: string | null;
  readonly verified: boolean;
  /** Null where the chain is broken. */
  readonly entries: number | null;
  /** Against how many signed heads it was compared, and up to which entry. */
  readonly signedHeads: number;
  readonly signedUpTo: string | null;
  readonly finding?: ChainBreak;
}

/** Verifies an export offline. Throws `AUDIT_BROKEN`. */
export async function verifyAuditExport(file: string, { key, head: headsFile, json }: VerifyFlags): Promise<void> {
  const keys = await Promise.all(key.map(readPublicKey));
  const heads = headsFile === undefined ? [] : readKept(await readLines(headsFile), keys);
  const reports = [
    await reportOn(null, heads, async (signed) => {
      const { entries, head } = await verifyAuditFile(file, { signed, keys });
      return { entries, tenantId: head?.tenantId ?? null };
    }),
  ];
  conclude(reports, json);
}

/** Verifies every chain in the database of a config, also while a runtime works on it. Throws `AUDIT_BROKEN`. */
export async function verifyAuditOf(configPath: string, { key, head, json }: VerifyFlags): Promise<void> {
  await withOperatorStore(configPath, async ({ store: { db }, options }) => {
    const given = await Promise.all(key.map(readPublicKey));
    const { keys: own } = await openAuditKeys(options.audit, () => undefined);
    const keys = [...given, ...own];
    // Before the chains, which may grow meanwhile. Without a key they can't be checked, and the report says so.
    const stored = keys.length === 0 ? [] : await readSignedHeads(db);
    const kept = head === undefined ? [] : await readLines(head);
    const heads = readKept([...kept, ...stored], keys);
    const signed = 'kind' in heads ? [] : heads;
    const chains = await listAuditHeads(db);
    const tenants = new Set([...chains, ...signed].map(({ tenantId }) => tenantId));
    const reports: ChainReport[] = [];
    for (const tenantId of tenants) {
      const own = signed.filter((one) => one.tenantId === tenantId);
      reports.push(
        await reportOn(tenantId, own, async (signedHeads) => ({
          ...(await verifyStoredAudit(db, tenantId, { signed: signedHeads, keys })),
          tenantId,
        })),
      );
    }
    if ('kind' in heads) reports.push(brokenChain(null, heads));
    conclude(reports, json);
  });
}

/** Writes a tenant's chain to standard output; what it holds is signed first. */
export async function writeAuditExport(configPath: string, tenantId: string): Promise<void> {
  await withOperatorStore(configPath, async ({ store: { db }, options }) => {
    const keys = await openAuditKeys(options.audit, () => undefined);
    await openHeadSigner(keys, { db, clock: systemClock, options: options.audit })?.signMoved();
    for await (const line of exportAudit(db, tenantId)) await write(line);
  });
}

/** Writes signed heads to standard output, of one chain or of all. */
export async function writeSignedHeads(configPath: string, tenantId?: string): Promise<void> {
  await withOperatorStore(configPath, async ({ store: { db } }) => {
    for (const envelope of await readSignedHeads(db, tenantId)) await write(`${envelope}\n`);
  });
}

export interface SealFlags {
  readonly tenant?: string;
  /** Days. */
  readonly olderThan: number;
  readonly out: string;
  readonly json?: true;
}

/** Moves the entries of chains that are older than so many days to sealed files. Throws `AUDIT_BROKEN`: then that chain stays. */
export async function sealAudit(configPath: string, { tenant, olderThan, out, json }: SealFlags): Promise<void> {
  await withOperatorStore(configPath, async ({ store: { db, url }, options, by }) => {
    const { signer, keys } = await openAuditKeys(options.audit, () => undefined);
    if (signer === undefined) {
      throw new RuntimeError('CONFIG_MISSING', 'audit seal signs what it moves: set audit.signingKey in the config');
    }
    await openHeadSigner({ signer, keys }, { db, clock: systemClock, options: options.audit })?.signMoved();
    const heads = verifySignedHeads(await readSignedHeads(db, tenant), keys);
    const tenants = tenant === undefined ? (await listAuditHeads(db)).map(({ tenantId }) => tenantId) : [tenant];
    const before = systemClock.now() - olderThan * DAY_MS;
    const owner = await connectOwner(url.reveal());
    try {
      for (const tenantId of tenants) {
        const signed = heads.filter((head) => head.tenantId === tenantId);
        const ports = { db, owner, signer, keys, clock: systemClock, folder: out, by };
        const sealed = await sealSegment({ tenantId, before, signed }, ports);
        await write(`${json ? JSON.stringify(sealed ?? { tenantId, entries: 0 }) : sealedInWords(tenantId, sealed)}\n`);
      }
    } finally {
      await owner.end();
    }
  });
}

const DAY_MS = 86_400_000;

function sealedInWords(tenantId: string, sealed: Sealed | undefined): string {
  if (sealed === undefined) return `${tenantId}: nothing is old enough`;
  return `${tenantId}: entries ${sealed.first} to ${sealed.last} are in ${sealed.file}`;
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}

async function readLines(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  } catch (cause) {
    throw new RuntimeError('CONFIG_MISSING', `${path} can't be read: name a file of signed heads`, { cause });
  }
}

/** Verified, or what is wrong with one of them: then none counts. */
function readKept(envelopes: readonly string[], keys: readonly PublicKey[]): readonly SignedHead[] | ChainBreak {
  try {
    return verifySignedHeads(envelopes, keys);
  } catch (error) {
    const finding = chainBreakOf(error);
    if (finding === undefined) throw error;
    return finding;
  }
}

async function reportOn(
  tenantId: string | null,
  heads: readonly SignedHead[] | ChainBreak,
  verify: (signed: readonly SignedHead[]) => Promise<{ entries: number; tenantId: string | null }>,
): Promise<ChainReport> {
  if ('kind' in heads) return brokenChain(tenantId, heads);
  try {
    const { entries, tenantId: found } = await verify(heads);
    const own = heads.filter((head) => head.tenantId === found);
    const signedUpTo = own.reduce((most, { seq }) => (BigInt(seq) > BigInt(most) ? seq : most), '0');
    const signed = { signedHeads: own.length, signedUpTo: own.length === 0 ? null : signedUpTo };
    return { tenantId: found, verified: true, entries, ...signed };
  } catch (error) {
    const finding = chainBreakOf(error);
    if (finding === undefined) throw error;
    return brokenChain(tenantId, finding);
  }
}

function brokenChain(tenantId: string | null, finding: ChainBreak): ChainReport {
  return { tenantId, verified: false, entries: null, signedHeads: 0, signedUpTo: null, finding };
}

/** Says all that was found; throws when anything was. */
function conclude(reports: readonly ChainReport[], json: true | undefined): void {
  for (const report of reports) process.stdout.write(`${json ? JSON.stringify(report) : inWords(report)}\n`);
  const broken = reports.filter(({ verified }) => !verified);
  if (broken.length === 0) return;
  const problems = broken.map((report) => inWords(report));
  throw new RuntimeError('AUDIT_BROKEN', problems.join('; '), { details: { problems } });
}

function inWords({ tenantId, entries, signedHeads, signedUpTo, finding }: ChainReport): string {
  if (finding !== undefined) {
    const whose = tenantId === null ? '' : `${tenantId}: `;
    return `${whose}broken at entry ${finding.seq} (${finding.kind}): ${finding.reason}. Compare with a backup or an earlier export`;
  }
  const signed =
    signedHeads === 0 ? 'no signed head was checked' : `${signedHeads} signed heads, up to entry ${signedUpTo}`;
  return `${tenantId ?? 'empty export'}: ${entries} entries, verified; ${signed}`;
}
