import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeySigner, generateKeyPair, parsePublicKey } from '@org/connector-artifact';
import {
  createAuditTrail,
  createHeadSigner,
  exportAudit,
  type Store,
  systemClock,
} from '@org/connector-runtime/stages';
import type { LeftOut } from '../leave-out.ts';

const cli = fileURLToPath(new URL('./cli.js', import.meta.resolve('@org/connector-runtime')));
const brokenBuild = new URL('../cluster/broken-build.ts', import.meta.url).href;
const ENTRIES = 8;
const SIGNED = 6;

interface Entry {
  readonly tenantId: string;
  readonly seq: string;
  readonly previousHash: string;
  readonly hash: string;
  readonly body: string;
  readonly kind: string;
}

/** An export as an auditor holds it, apart from it the signed heads, and the key. */
interface Evidence {
  readonly head:
    | { readonly head: { readonly tenantId: string; readonly seq: string; readonly hash: string } }
    | undefined;
  readonly entries: readonly Entry[];
  readonly heads: readonly string[];
  readonly publicKeyPem: string;
}

/** What somebody made of the evidence, and how a verifier has to call it; undefined: nothing was touched. */
interface Tampering {
  readonly name: string;
  readonly kind: string | undefined;
  readonly evidence: Evidence;
}

/** A chain of a real database, signed when most of it was there. */
export async function makeEvidence({ db }: Store): Promise<Evidence> {
  const tenantId = randomUUID();
  const { privateKeyPem, publicKeyPem } = generateKeyPair();
  const audit = createAuditTrail({ db, clock: systemClock });
  const heads: string[] = [];
  const signer = createHeadSigner({
    db,
    clock: systemClock,
    signer: createKeySigner(privateKeyPem),
    keys: [parsePublicKey(publicKeyPem)],
    onSignedHead: (envelope) => void heads.push(envelope),
  });
  for (let n = 1; n <= ENTRIES; n += 1) {
    await audit.record({ tenantId, kind: 'fault.noted', actor: 'system', subject: 'audit', details: { n } });
    if (n === SIGNED) await signer.signMoved();
  }
  const lines: string[] = [];
  for await (const line of exportAudit(db, tenantId)) lines.push(line);
  const [head = '', ...entries] = lines;
  return { head: JSON.parse(head), entries: entries.map((line) => JSON.parse(line)), heads, publicKeyPem };
}

/** Each way to change what was written; `at` is the place, and depends on the seed. */
export function tamperings(evidence: Evidence, at: number): readonly Tampering[] {
  const { entries, heads } = evidence;
  const place = 1 + (at % (SIGNED - 2));
  const entry = entries[place] as Entry;
  const forged = { ...entry, body: entry.body.replace('"n"', '"m"') };
  const cut = entries.slice(0, SIGNED - 2);
  const [envelope = ''] = heads;
  const { payload, ...rest } = JSON.parse(envelope) as { payload: string };
  const raised = Buffer.from(payload, 'base64').toString().replace(`"seq":"${SIGNED}"`, `"seq":"${ENTRIES}"`);
  const otherHeads = [JSON.stringify({ ...rest, payload: Buffer.from(raised).toString('base64') })];
  const stranger = generateKeyPair().publicKeyPem;
  const changes: readonly [name: string, kind: string | undefined, change: Partial<Evidence>][] = [
    ['nothing', undefined, {}],
    ['edit', 'edited', { entries: entries.with(place, forged) }],
    ['edit, hashed again', 'edited', { entries: entries.with(place, { ...forged, hash: hashOf(forged) }) }],
    ['delete', 'deleted', { entries: entries.toSpliced(place, 1) }],
    ['reorder', 'reordered', { entries: entries.with(place, entries[place + 1] as Entry).with(place + 1, entry) }],
    ['insert', 'inserted', { entries: entries.toSpliced(place + 1, 0, entry) }],
    ['cut tail', 'truncated', { entries: cut }],
    ['cut tail, head moved back', 'truncated', { entries: cut, head: headOf(cut) }],
    ['truncate', 'truncated', { entries: [] }],
    ['truncate, head removed', 'truncated', { entries: [], head: undefined }],
    ['whole chain written anew', 'rewritten', rewritten(entries, place)],
    ['signed head changed', 'signature-bad', { heads: otherHeads }],
    ['signed by an unknown key', 'key-unknown', { publicKeyPem: stranger }],
  ];
  return changes.map(([name, kind, change]) => ({ name, kind, evidence: { ...evidence, ...change } }));
}

/** Only the signed head, which was kept elsewhere, tells it from the chain that was. */
function rewritten(entries: readonly Entry[], from: number): Partial<Evidence> {
  const anew: Entry[] = [];
  for (const [index, entry] of entries.entries()) {
    const body = index < from ? entry.body : entry.body.replace('"n"', '"m"');
    const link = { ...entry, body, previousHash: anew.at(-1)?.hash ?? '00'.repeat(32) };
    anew.push({ ...link, hash: hashOf(link) });
  }
  return { entries: anew, head: headOf(anew) };
}

function headOf(entries: readonly Entry[]): Evidence['head'] {
  const { tenantId, seq, hash } = entries.at(-1) as Entry;
  return { head: { tenantId, seq, hash } };
}

function hashOf({ previousHash, seq, body }: Entry): string {
  const position = Buffer.alloc(8);
  position.writeBigInt64BE(BigInt(seq));
  return createHash('sha256').update(Buffer.from(previousHash, 'hex')).update(position).update(body).digest('hex');
}

/** What `connector-runtime audit verify` says of it, offline; undefined when it was content. */
export async function verdictOf({ head, entries, heads, publicKeyPem }: Evidence, broken: readonly LeftOut[]) {
  const folder = await mkdtemp(join(tmpdir(), 'faults-audit-'));
  try {
    const at = (name: string) => join(folder, name);
    const lines = [...(head === undefined ? [] : [head]), ...entries].map((line) => `${JSON.stringify(line)}\n`);
    await writeFile(at('export.ndjson'), lines.join(''));
    await writeFile(at('heads.ndjson'), heads.map((line) => `${line}\n`).join(''));
    await writeFile(at('key.pem'), publicKeyPem);
    const files = ['--file', at('export.ndjson'), '--head', at('heads.ndjson'), '--key', at('key.pem')];
    const { code, out, err } = await run([cli, 'audit', 'verify', ...files, '--json'], broken);
    const report = JSON.parse(out.split('\n')[0] || '{}') as { verified?: boolean; finding?: { kind: string } };
    if (code === 0 && report.verified === true) return undefined;
    if (code === 1 && report.finding !== undefined) return report.finding.kind;
    throw new Error(`audit verify ended with ${code}: ${err}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[], broken: readonly LeftOut[]) {
  const env = { PATH: process.env.PATH ?? '', CLUSTER_LEFT_OUT: JSON.stringify(broken) };
  const all = [...(broken.length > 0 ? ['--import', brokenBuild] : []), ...args];
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, all, { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}
