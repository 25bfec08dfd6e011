import { RuntimeError } from '../types/errors.ts';

/** Headers as received: in order, repeats included, names lower-case. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * The one value of a header that security depends on.
 *
 * @throws RuntimeError `WEBHOOK_HEADER_REPEATED`: two values would mean one thing to one reader and another to the next.
 */
export function singleHeader(headers: HeaderList, name: string): string | undefined {
  const wanted = name.toLowerCase();
  let found: string | undefined;
  for (const [header, value] of headers) {
    if (header !== wanted) continue;
    if (found !== undefined) {
      throw new RuntimeError('WEBHOOK_HEADER_REPEATED', `the header ${wanted} came more than once; send it once`, {
        details: { header: wanted },
      });
    }
    found = value;
  }
  return found;
}

/** Only the named ones, as one string each: what connector code may see. */
export function pickHeaders(headers: HeaderList, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const values = headers.filter(([header]) => header === name).map(([, value]) => value);
    if (values.length > 0) picked[name] = values.join(', ');
  }
  return picked;
}
