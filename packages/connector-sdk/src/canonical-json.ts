import canonicalize from 'canonicalize';
import { SdkError } from './errors.ts';

/** JSON as RFC 8785 writes it: sorted keys, no white space, one form per value. Throws `JSON_INVALID` for what JSON can't hold. */
export function canonicalJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new SdkError('JSON_INVALID', 'the value has no JSON form: it holds half a character, NaN or a cycle', {
      cause,
    });
  }
  if (text === undefined) throw new SdkError('JSON_INVALID', 'the value has no JSON form');
  return text;
}
