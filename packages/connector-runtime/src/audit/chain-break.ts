import { RuntimeError } from '../types/errors.ts';

/**
 * How a chain differs from what was written: `edited` in place, `deleted`, `reordered`, `inserted`, `truncated` (its end is
 * missing), `rewritten` (it is whole, but is not the one that its head or a signed head tells of), `head-missing`; and of signed
 * heads and seals: `signature-bad`, `key-unknown`, `heads-forked` (two that follow the same one), `segments-broken` (a seal does not
 * follow the one before it), `unsealed` (no seal vouches for what comes before the first entry).
 */
export type ChainBreakKind =
  | 'edited'
  | 'deleted'
  | 'reordered'
  | 'inserted'
  | 'truncated'
  | 'rewritten'
  | 'head-missing'
  | 'signature-bad'
  | 'key-unknown'
  | 'heads-forked'
  | 'segments-broken'
  | 'unsealed';

/** The first place at which a chain is not what it was. */
export interface ChainBreak {
  readonly kind: ChainBreakKind;
  readonly seq: string;
  readonly reason: string;
}

/** `AUDIT_BROKEN`, with the break in its details. */
export function chainBroken({ kind, seq, reason }: ChainBreak, cause?: unknown): RuntimeError {
  return new RuntimeError(
    'AUDIT_BROKEN',
    `The audit trail is broken at entry ${seq} (${kind}): ${reason}. Compare with a backup or an earlier export`,
    { details: { kind, seq, reason }, cause },
  );
}

/** What a broken chain's error says; undefined for any other error. */
export function chainBreakOf(error: unknown): ChainBreak | undefined {
  if (!(error instanceof RuntimeError) || error.code !== 'AUDIT_BROKEN') return undefined;
  const { kind = 'edited', seq = '0', reason = error.message } = error.details as Partial<ChainBreak>;
  return { kind, seq, reason };
}
