import { createHash } from 'node:crypto';
import type { ManifestReception } from '@org/connector-sdk';
import { RuntimeError } from '../types/errors.ts';
import { type HeaderList, singleHeader } from './header-list.ts';
import { valueAtPointer } from './json-pointer.ts';
import { ID_PATTERN, type SignatureRule } from './signature-rule.ts';

export interface DeliveryKey {
  readonly deliveryKey: string;
  /** Set where the sender's id is not covered by the signature. */
  readonly dedupeDigest: Uint8Array | null;
}

/**
 * What makes a delivery the same one when it comes again. Called after verification only.
 *
 * @throws RuntimeError `WEBHOOK_DELIVERY_ID_MISSING` | `WEBHOOK_HEADER_REPEATED`
 */
export function readDeliveryKey(
  reception: ManifestReception,
  rule: SignatureRule,
  headers: HeaderList,
  body: Uint8Array,
): DeliveryKey {
  const { deliveryId } = reception;
  if ('digest' in deliveryId) return { deliveryKey: digestKey(body), dedupeDigest: null };
  const isBodySigned = reception.verification.scheme !== 'shared-secret-header';
  if ('pointer' in deliveryId) {
    return {
      deliveryKey: idInBody(body, deliveryId.pointer),
      dedupeDigest: isBodySigned ? null : sha256(body),
    };
  }
  const header = deliveryId.header.toLowerCase();
  const id = singleHeader(headers, header);
  if (id === undefined || !ID_PATTERN.test(id)) throw missing(`the ${header} header`);
  // A replay only needs a new id where nothing signs it.
  const isIdSigned = isBodySigned && rule.payload.includes('{id}') && rule.idHeader === header;
  return { deliveryKey: id, dedupeDigest: isIdSigned ? null : sha256(body) };
}

/** The key of a body without an id of its own. */
export function digestKey(body: Uint8Array): string {
  return `sha256:${sha256(body).toString('hex')}`;
}

function sha256(body: Uint8Array): Buffer {
  return createHash('sha256').update(body).digest();
}

function idInBody(body: Uint8Array, pointer: string): string {
  const value = valueAtPointer(parseJson(body), pointer);
  const id = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  // Unlike a header's, an id in a JSON string may hold any character; a NUL is the one that the database can't store.
  if (typeof id !== 'string' || id.length === 0 || id.length > 256 || id.includes('\0')) throw missing(pointer);
  return id;
}

/** Undefined when it is not JSON. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
}

function missing(where: string): RuntimeError {
  return new RuntimeError(
    'WEBHOOK_DELIVERY_ID_MISSING',
    `there is no delivery id at ${where}: without one a redelivery could not be told from a new event`,
  );
}
