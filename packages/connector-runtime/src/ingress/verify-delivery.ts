import type { Endpoint, RawDelivery, VerifiedDelivery } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { newDeliveryId } from './delivery-id.ts';
import { digestKey, readDeliveryKey } from './delivery-key.ts';
import { answerHandshake } from './handshake.ts';
import { pickHeaders } from './header-list.ts';
import { requireMediaType } from './media-type.ts';
import { spendVerification } from './signature-check.ts';
import { type SignatureRule, signatureRule } from './signature-rule.ts';
import { verifySignature } from './verify-signature.ts';

/**
 * The only way from bytes of a stranger to a delivery that may be believed: its sender holds one of the endpoint's
 * secrets, and it is fresh, of a declared type and size, and has an id. The signature is over the bytes as received.
 * An unknown or disabled endpoint costs what a wrong signature does.
 *
 * @param now milliseconds since 1970
 * @throws RuntimeError `WEBHOOK_*`; what comes after the signature (`WEBHOOK_CONTENT_TYPE`, `WEBHOOK_TOO_LARGE`,
 * `WEBHOOK_DELIVERY_ID_MISSING`) is only ever seen by the true sender.
 */
export function verifyDelivery(raw: RawDelivery, endpoint: Endpoint | undefined, now: number): VerifiedDelivery {
  const known = requireEndpoint(raw, endpoint);
  const { reception } = known;
  const rule = signatureRule(reception.verification);
  const secretIds = verifySender(rule, raw, known, now);
  if (raw.body.length > reception.maxBodyBytes) {
    throw new RuntimeError(
      'WEBHOOK_TOO_LARGE',
      `the body has ${raw.body.length} bytes; this endpoint takes ${reception.maxBodyBytes}`,
    );
  }
  const contentType = requireMediaType(raw.headers, reception.contentTypes);
  const handshake = answerHandshake(reception.handshake, raw.headers, raw.body);
  const key =
    handshake === undefined
      ? readDeliveryKey(reception, rule, raw.headers, raw.body)
      : { deliveryKey: digestKey(raw.body), dedupeDigest: null };
  const delivery = {
    id: newDeliveryId(raw.receivedAt),
    endpoint: known,
    secretIds,
    ...key,
    contentType,
    headers: pickHeaders(raw.headers, reception.headers ?? []),
    body: raw.body,
    receivedAt: raw.receivedAt,
    ...(handshake === undefined ? {} : { handshake }),
  };
  return delivery as VerifiedDelivery;
}

function requireEndpoint(raw: RawDelivery, endpoint: Endpoint | undefined): Endpoint {
  if (endpoint !== undefined && !endpoint.disabled) return endpoint;
  spendVerification([raw.body]);
  throw endpoint === undefined
    ? new RuntimeError('WEBHOOK_UNKNOWN_ENDPOINT', 'no endpoint has this address; check the URL given to the sender')
    : new RuntimeError('WEBHOOK_DISABLED_ENDPOINT', `endpoint ${endpoint.id} is disabled; make a new one`);
}

function verifySender(rule: SignatureRule, raw: RawDelivery, endpoint: Endpoint, now: number): readonly string[] {
  try {
    return verifySignature(rule, raw.headers, raw.body, endpoint.secrets, now);
  } catch (error) {
    const isHashed = error instanceof RuntimeError && HASHED.has(error.code);
    if (!isHashed || endpoint.secrets.length === 0) spendVerification([raw.body]);
    throw error;
  }
}

/** Refusals that come after the body was hashed once already. */
const HASHED: ReadonlySet<string> = new Set(['WEBHOOK_SIGNATURE_INVALID', 'WEBHOOK_STALE']);
