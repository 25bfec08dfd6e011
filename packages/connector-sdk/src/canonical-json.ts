import canonicalize from 'canonicalize';
import { SdkError } from './errors.ts';

/** JSON as RFC 8785 writes it: sorted keys, no white space, one form per value. Throws `JSON_INVALID` for what JSON can't hold. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new SdkError('JSON_INVALID', 'the value has no JSON form');
  return text;
}
