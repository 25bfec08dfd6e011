import type { ManifestReception } from '@org/connector-sdk';

/** What a signature's header says. */
export interface SignatureValue {
  /** Signatures, any of which may match. */
  readonly candidates: readonly Uint8Array[];
  /** As written; only of a scheme that has it there. */
  readonly timestamp?: string | undefined;
}

type Fields = NonNullable<Extract<ManifestReception['verification'], { payload: string }>['fields']>;

/** More signatures than this are nobody's rotation, and each costs a comparison. */
export const MAX_CANDIDATES = 10;
const MAX_FIELDS = 20;
/** No blanks: repeated headers that a server joined by `, ` never match. */
const FIELD = /^([A-Za-z0-9_-]{1,32})=([\x21-\x2b\x2d-\x3a\x3c-\x7e]{1,512})$/;

/**
 * Reads `t=1700000000,v1=5257a8…,v1=…`: every value of the signature's key, and the time's, which comes once. Undefined
 * when anything in it, also under a key that is passed over, is not of that form.
 */
export function parseSignatureFields(
  value: string,
  fields: Fields,
  decode: (text: string) => Uint8Array | undefined,
): SignatureValue | undefined {
  const parts = value.split(fields.separator ?? ',');
  if (parts.length > MAX_FIELDS) return undefined;
  const candidates: Uint8Array[] = [];
  let timestamp: string | undefined;
  for (const part of parts) {
    const [, key, text] = FIELD.exec(part) ?? [];
    if (key === undefined || text === undefined) return undefined;
    if (key === fields.signature) {
      const candidate = decode(text);
      if (candidate === undefined || candidates.length === MAX_CANDIDATES) return undefined;
      candidates.push(candidate);
    } else if (key === fields.timestamp) {
      // Two times: one might be signed, and the other be the one that is looked at.
      if (timestamp !== undefined) return undefined;
      timestamp = text;
    }
  }
  const isWhole = candidates.length > 0 && (fields.timestamp === undefined || timestamp !== undefined);
  return isWhole ? { candidates, timestamp } : undefined;
}
