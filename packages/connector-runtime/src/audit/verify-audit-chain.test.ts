import { canonicalJson } from '@org/connector-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditEntry, AuditHead } from './audit-entry.ts';
import { linkHash, verifyAuditChain } from './verify-audit-chain.ts';

const tenantId = '018f0000-0000-7000-8000-000000000001';

function chainOf(details: readonly string[]): { entries: AuditEntry[]; head: AuditHead } {
  const entries: AuditEntry[] = [];
  for (const [index, text] of details.entries()) {
    const body = canonicalJson({ kind: 'test.done', runId: null, tenantId, details: { text } });
    const link = { previousHash: entries.at(-1)?.hash ?? '00'.repeat(32), seq: String(index + 1), body };
    entries.push({ ...link, tenantId, runId: null, kind: 'test.done', hash: linkHash(link) });
  }
  const last = entries.at(-1);
  return { entries, head: { tenantId, seq: last?.seq ?? '0', hash: last?.hash ?? '00'.repeat(32) } };
}

const chains = fc.array(fc.string(), { minLength: 2, maxLength: 8 }).map(chainOf);
const broken = (entries: readonly AuditEntry[], head: AuditHead | undefined) =>
  expect(verifyAuditChain(entries, { head })).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });

describe('verifyAuditChain', () => {
  it('accepts a whole chain and counts it', () =>
    fc.assert(
      fc.asyncProperty(chains, async ({ entries, head }) => {
        expect(await verifyAuditChain(entries, { head })).toEqual({ entries: entries.length, verified: true });
      }),
    ));

  it('accepts a tenant of whom nothing was recorded', async () => {
    expect(await verifyAuditChain([], { head: undefined })).toEqual({ entries: 0, verified: true });
  });

  it('detects a change of any field of any entry', () =>
    fc.assert(
      fc.asyncProperty(
        chains,
        fc.nat(),
        fc.constantFrom('tenantId', 'seq', 'runId', 'kind', 'body', 'previousHash', 'hash'),
        fc.nat(),
        async ({ entries, head }, at, field, position) => {
          const index = at % entries.length;
          const changed = entries.map((entry, i) =>
            i === index ? { ...entry, [field]: flip(entry, field, position) } : entry,
          );
          await broken(changed, head);
        },
      ),
      { numRuns: 500 },
    ));

  it('detects an entry that was changed and hashed again', () =>
    fc.assert(
      fc.asyncProperty(chains, fc.nat(), async ({ entries, head }, at) => {
        const index = at % entries.length;
        const forged = entries.map((entry, i) => {
          if (i !== index) return entry;
          const body = entry.body.replace('{"details"', '{"x":1,"details"');
          return { ...entry, body, hash: linkHash({ ...entry, body }) };
        });
        await broken(forged, head);
      }),
    ));

  it('names the entry that a deletion left missing', () =>
    fc.assert(
      fc.asyncProperty(chains, fc.nat(), async ({ entries, head }, at) => {
        const index = at % entries.length;
        await expect(verifyAuditChain(entries.toSpliced(index, 1), { head })).rejects.toMatchObject({
          code: 'AUDIT_BROKEN',
          details: { seq: String(index + 1) },
        });
      }),
    ));

  it('detects two entries that changed places', () =>
    fc.assert(
      fc.asyncProperty(chains, fc.nat(), fc.nat(), async ({ entries, head }, a, b) => {
        const [i, j] = [a % entries.length, b % entries.length];
        fc.pre(i !== j);
        await broken(swap(entries, i, j), head);
      }),
    ));

  it('detects a tail that was cut off (pitfall 54)', () =>
    fc.assert(
      fc.asyncProperty(chains, fc.nat(), async ({ entries, head }, keep) => {
        await broken(entries.slice(0, keep % entries.length), head);
      }),
    ));

  it('detects entries whose head was deleted', async () => {
    await broken(chainOf(['a']).entries, undefined);
  });

  it('says how the chain differs, and where first', async () => {
    const { entries, head } = chainOf(['a', 'b', 'c', 'd']);
    const other = chainOf(['a', 'x', 'c', 'd']);
    const [first, second] = entries;
    if (first === undefined || second === undefined) throw new Error('the chain is too short');
    const edited = entries.with(1, { ...second, body: second.body.replace('"b"', '"x"') });
    const cases = {
      edited: [edited, '2'],
      deleted: [entries.toSpliced(1, 1), '2'],
      reordered: [swap(entries, 1, 2), '2'],
      inserted: [entries.toSpliced(2, 0, second), '3'],
      truncated: [entries.slice(0, 2), '3'],
      rewritten: [other.entries, '4'],
    } as const;
    for (const [kind, [changed, seq]] of Object.entries(cases)) {
      await expect(verifyAuditChain(changed, { head }), kind).rejects.toMatchObject({ details: { kind, seq } });
    }
  });

  it('detects an entry that was added after the head', async () => {
    const { entries } = chainOf(['a', 'b']);
    await broken(entries, chainOf(['a']).head);
  });
});

function flip(entry: AuditEntry, field: string, position: number): string {
  const value = entry[field as keyof AuditEntry] ?? '';
  const at = position % Math.max(value.length, 1);
  return `${value.slice(0, at)}${value[at] === '0' ? '1' : '0'}${value.slice(at + 1)}`;
}

function swap(entries: readonly AuditEntry[], i: number, j: number): AuditEntry[] {
  return entries.map((entry, at) => entries[at === i ? j : at === j ? i : at] ?? entry);
}
