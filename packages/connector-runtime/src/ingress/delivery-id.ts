import { randomUUID } from 'node:crypto';

/**
 * A UUIDv7 of that millisecond (RFC 9562): rows of one time lie together in the index. Its random part comes from Node's own
 * cache of random bytes, which asks the kernel once for many.
 *
 * @param now milliseconds since 1970
 */
export function newDeliveryId(now: number): string {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
