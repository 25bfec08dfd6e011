import { timingSafeEqual } from 'node:crypto';
import { RuntimeError } from '../types/errors.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';

/**
 * Wraps a key, and sees that it opens: what is kept may soon be all there is of it, and a key service (or something before it)
 * that answers with anything else would take every secret below the key with it.
 *
 * @throws RuntimeError `KEY_SERVICE_*`
 */
export async function wrapKey(wrapper: KeyWrapper, key: Buffer, context: KeyContext): Promise<Buffer> {
  const wrapped = await wrapper.wrap(key, context);
  const opened = await wrapper.unwrap(wrapped, context);
  const isSame = opened?.length === key.length && timingSafeEqual(opened, key);
  opened?.fill(0);
  if (isSame) return wrapped;
  throw new RuntimeError(
    'KEY_SERVICE_REFUSED',
    `${wrapper.id} does not open what it wrapped a moment ago; nothing was changed: check that it is the service and key that is meant`,
    { details: { wrapper: wrapper.id } },
  );
}
