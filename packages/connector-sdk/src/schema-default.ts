import { canonicalJson } from './canonical-json.ts';
import { isConnectorError } from './errors.ts';
import { type SchemaPlace, unrepresentable } from './schema-place.ts';

/**
 * A default stands in the manifest, so it is JSON, the same each time, and accepted by what it is the default of.
 *
 * @throws SdkError `SCHEMA_UNREPRESENTABLE`
 */
export function requireJsonDefault(place: SchemaPlace, read: () => unknown, fits: (value: unknown) => boolean): void {
  let texts: string[];
  try {
    texts = [canonicalJson(read()), canonicalJson(read())];
  } catch (cause) {
    if (!isConnectorError(cause)) throw cause;
    throw unrepresentable(place, 'its default is no JSON value', cause);
  }
  if (texts[0] !== texts[1]) throw unrepresentable(place, 'its default changes each time: set it in `run`');
  if (!fits(read())) {
    throw unrepresentable(
      place,
      'its default is not what its own schema gives out: mend it, or use .prefault() with zod 4',
    );
  }
}
