import { RuntimeError } from '../types/errors.ts';
import { type HeaderList, singleHeader } from './header-list.ts';

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const MEDIA_TYPE = new RegExp(`^(${TOKEN}/${TOKEN})((?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[^"\\\\,]*"))*)[ \\t]*$`);

/**
 * The delivery's media type, lower-case and without parameters, when it is one of `accepted` and its bytes are what they
 * seem: UTF-8, not compressed.
 *
 * @throws RuntimeError `WEBHOOK_CONTENT_TYPE` | `WEBHOOK_HEADER_REPEATED`
 */
export function requireMediaType(headers: HeaderList, accepted: readonly string[]): string {
  const value = singleHeader(headers, 'content-type');
  const match = value === undefined || value.length > 200 ? null : MEDIA_TYPE.exec(value);
  const type = match?.[1]?.toLowerCase();
  const charset = /;[ \t]*charset=("?)([^";]*)\1/i.exec(match?.[2] ?? '')?.[2];
  const encoding = singleHeader(headers, 'content-encoding');
  if (
    type === undefined ||
    !accepted.includes(type) ||
    (charset !== undefined && charset.toLowerCase() !== 'utf-8') ||
    (encoding !== undefined && encoding.toLowerCase() !== 'identity')
  ) {
    throw new RuntimeError(
      'WEBHOOK_CONTENT_TYPE',
      `the content type is none that this endpoint reads; send ${accepted.join(' or ')}, UTF-8, uncompressed`,
    );
  }
  return type;
}
