import type { ManifestReception } from '@org/connector-sdk';
import { parseJson } from './delivery-key.ts';
import { type HeaderList, singleHeader } from './header-list.ts';

export interface HandshakeAnswer {
  readonly contentType: string;
  readonly body: string;
}

/** The answer to a vendor's handshake, for a delivery that is verified already; undefined when it is none. */
export function answerHandshake(
  handshake: ManifestReception['handshake'],
  headers: HeaderList,
  body: Uint8Array,
): HandshakeAnswer | undefined {
  if (handshake === undefined) return undefined;
  if (handshake.kind === 'header-value') {
    const value = singleHeader(headers, handshake.header);
    return value === handshake.value ? { contentType: 'application/json', body: '{}' } : undefined;
  }
  // https://docs.slack.dev/reference/events/url_verification
  const document = parseJson(body);
  if (typeof document !== 'object' || document === null) return undefined;
  const { type, challenge } = document as { type?: unknown; challenge?: unknown };
  if (type !== 'url_verification' || typeof challenge !== 'string' || challenge.length > 1000) return undefined;
  return { contentType: 'text/plain; charset=utf-8', body: challenge };
}
