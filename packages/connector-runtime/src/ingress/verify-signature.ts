import type { EndpointSecret } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { type HeaderList, singleHeader } from './header-list.ts';
import type { SignatureRule, SignedBytes } from './signature-rule.ts';

interface Proof {
  readonly candidates: readonly Uint8Array[];
  readonly signed: SignedBytes;
  /** Seconds since 1970. */
  readonly timestamp: number | undefined;
}

/**
 * Proves that the holder of one of `secrets` sent these bytes, at about this time. Every secret and every candidate is
 * tried, whichever matches: time tells nothing about which.
 *
 * @param now milliseconds since 1970
 * @returns ids of the secrets that match
 * @throws RuntimeError `WEBHOOK_SIGNATURE_MISSING` | `_MALFORMED` | `_INVALID`, `WEBHOOK_HEADER_REPEATED`,
 * `WEBHOOK_TIMESTAMP_MALFORMED`, `WEBHOOK_DELIVERY_ID_MISSING`, `WEBHOOK_STALE`
 */
export function verifySignature(
  rule: SignatureRule,
  headers: HeaderList,
  body: Uint8Array,
  secrets: readonly EndpointSecret[],
  now: number,
): readonly string[] {
  const proof = readProof(rule, headers, body);
  const matching: string[] = [];
  for (const { id, secret } of secrets) {
    for (const candidate of proof.candidates) {
      if (rule.isMatch(secret.reveal(), proof.signed, candidate)) matching.push(id);
    }
  }
  if (matching.length === 0) {
    throw new RuntimeError(
      'WEBHOOK_SIGNATURE_INVALID',
      `the ${rule.signatureHeader} header fits none of the endpoint's secrets; check that the sender signs with the current one`,
    );
  }
  requireFresh(proof.timestamp, rule.toleranceSeconds, now);
  return matching;
}

function readProof(rule: SignatureRule, headers: HeaderList, body: Uint8Array): Proof {
  const signature = singleHeader(headers, rule.signatureHeader);
  const timeHeader = rule.timestampHeader === undefined ? undefined : singleHeader(headers, rule.timestampHeader);
  const id = rule.idHeader === undefined ? undefined : singleHeader(headers, rule.idHeader);
  if (signature === undefined || signature === '') {
    throw new RuntimeError(
      'WEBHOOK_SIGNATURE_MISSING',
      `there is no ${rule.signatureHeader} header; sign the delivery`,
    );
  }
  const parsed = rule.parse(signature);
  if (parsed === undefined) {
    throw new RuntimeError(
      'WEBHOOK_SIGNATURE_MALFORMED',
      `the ${rule.signatureHeader} header is not of the form that the connector declares`,
    );
  }
  // NaN compares false with everything and parseInt takes trailing junk: ten digits, or no time at all.
  const timestamp = rule.hasTimestampField ? parsed.timestamp : timeHeader;
  const needsTimestamp =
    rule.hasTimestampField || rule.timestampHeader !== undefined || rule.payload.includes('{timestamp}');
  if (needsTimestamp && (timestamp === undefined || !/^\d{10}$/.test(timestamp))) {
    throw new RuntimeError(
      'WEBHOOK_TIMESTAMP_MALFORMED',
      `the time in ${rule.timestampHeader ?? rule.signatureHeader} is not a time in whole seconds since 1970`,
    );
  }
  const needsId = rule.idHeader !== undefined || rule.payload.includes('{id}');
  if (needsId && (id === undefined || !rule.idPattern.test(id))) {
    throw new RuntimeError(
      'WEBHOOK_DELIVERY_ID_MISSING',
      `the ${rule.idHeader ?? 'id'} header is missing or holds more than an id`,
    );
  }
  return {
    candidates: parsed.candidates,
    signed: renderPayload(rule.payload, { timestamp: timestamp ?? '', id: id ?? '', body }),
    timestamp: timestamp === undefined ? undefined : Number(timestamp),
  };
}

function renderPayload(
  payload: readonly string[],
  values: { readonly timestamp: string; readonly id: string; readonly body: Uint8Array },
): SignedBytes {
  return payload.map((piece) => {
    if (piece === '{timestamp}') return values.timestamp;
    if (piece === '{id}') return values.id;
    return piece === '{body}' ? values.body : piece;
  });
}

function requireFresh(timestamp: number | undefined, toleranceSeconds: number, now: number): void {
  if (timestamp === undefined) return;
  const ageSeconds = Math.floor(now / 1000) - timestamp;
  if (!(Math.abs(ageSeconds) <= toleranceSeconds)) {
    throw new RuntimeError(
      'WEBHOOK_STALE',
      `the delivery was signed ${ageSeconds} s before it came, and ${toleranceSeconds} s either way are accepted; check both clocks`,
      { details: { ageSeconds, toleranceSeconds } },
    );
  }
}
