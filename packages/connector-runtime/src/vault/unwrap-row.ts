import { RuntimeError } from '../types/errors.ts';
import type { KeyWrapper, KeyWrappers } from './key-wrapper.ts';

/** A version of a tenant's key that was not shredded. */
export interface WrappedRow {
  readonly version: number;
  readonly wrapped: Buffer;
  readonly wrapper: string | null;
}

/**
 * The key itself, from whichever of the wrappers wrapped it; undefined when none of them opens it.
 *
 * @throws RuntimeError `KEY_SERVICE_*`
 */
export async function unwrapRow(
  wrappers: KeyWrappers,
  tenantId: string,
  { version, wrapped, wrapper }: WrappedRow,
): Promise<Buffer | undefined> {
  for (const one of wrappersOf(wrappers, wrapper)) {
    const key = await one.unwrap(wrapped, { tenantId, version });
    if (key) return key;
  }
  return undefined;
}

/** The same. Throws `CREDENTIAL_UNREADABLE` where that gives undefined. */
export async function requireUnwrapped(wrappers: KeyWrappers, tenantId: string, row: WrappedRow): Promise<Buffer> {
  const key = await unwrapRow(wrappers, tenantId, row);
  if (key) return key;
  const { version, wrapper } = row;
  const known = wrappers.map(({ id }) => id).join(', ');
  const why =
    wrappersOf(wrappers, wrapper).length > 0
      ? 'does not open with this master key'
      : `was wrapped by ${wrapper ?? 'a local master key'}, and the config names ${known}`;
  throw new RuntimeError(
    'CREDENTIAL_UNREADABLE',
    `version ${version} of the key of tenant ${tenantId} ${why}: add the master key it was made with to previousMasterKeys, or rotate the tenant's key and store its secrets again`,
    { details: { tenantId, version, wrapper } },
  );
}

function wrappersOf(wrappers: KeyWrappers, name: string | null): readonly KeyWrapper[] {
  return wrappers.filter(({ id, opensUnnamed }) => (name === null ? opensUnnamed === true : id === name));
}
