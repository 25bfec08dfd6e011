import { createHash } from 'node:crypto';

/**
 * Same owner (a run, an approval) and part of it (a step), same key: 26 characters of `[0-9a-z]` (134 bits), over all attempts
 * and nodes.
 */
export function idempotencyKey(ownerId: string, part: string): string {
  const hash = createHash('sha256').update(`${ownerId}\n${part}`).digest();
  return BigInt(`0x${hash.toString('hex')}`)
    .toString(36)
    .padStart(50, '0')
    .slice(-26);
}
