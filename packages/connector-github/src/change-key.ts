import { createHash } from 'node:crypto';

/** A key for what is told: the same parts, the same key. Names are sorted where GitHub gives no order. */
export function changeKey(id: number, parts: readonly unknown[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `${id}:${digest.slice(0, 32)}`;
}
