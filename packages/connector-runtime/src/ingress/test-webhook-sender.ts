import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { ManifestReception } from '@org/connector-sdk';
import type { Endpoint, RawDelivery } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import { verifyDelivery } from './verify-delivery.ts';

/** Seconds since 1970 at which the samples below are signed and received. */
export const SENT_AT = 1_763_800_000;

export type Headers = readonly (readonly [string, string])[];

export interface Sender {
  readonly reception: ManifestReception;
  readonly secret: string;
  sign(body: Uint8Array, over?: { id?: string; timestamp?: string; secret?: string }): Headers;
}

const JSON_RECEPTION = { contentTypes: ['application/json'], maxBodyBytes: 1_048_576 };
const newSecret = () => randomBytes(32).toString('base64url');
const hmac = (algorithm: string, key: string | Uint8Array, ...pieces: (string | Uint8Array)[]) => {
  const mac = createHmac(algorithm, key);
  for (const piece of pieces) mac.update(piece);
  return mac.digest();
};
const type: readonly [string, string] = ['content-type', 'application/json'];

/** One sender per scheme, signing as its vendor does. Keys are made here, at test time. */
export function createSenders(): Readonly<Record<string, Sender>> {
  const secret = newSecret();
  const standardKey = randomBytes(32);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    slack: {
      reception: { ...JSON_RECEPTION, verification: { scheme: 'slack-v0' }, deliveryId: { pointer: '/event_id' } },
      secret,
      sign(body, { timestamp = String(SENT_AT), secret: key = secret } = {}) {
        const signature = hmac('sha256', key, `v0:${timestamp}:`, body).toString('hex');
        return [type, ['x-slack-request-timestamp', timestamp], ['x-slack-signature', `v0=${signature}`]];
      },
    },
    github: {
      reception: {
        ...JSON_RECEPTION,
        verification: { scheme: 'github-sha256' },
        deliveryId: { header: 'X-GitHub-Delivery' },
        handshake: { kind: 'header-value', header: 'X-GitHub-Event', value: 'ping' },
        headers: ['x-github-event'],
      },
      secret,
      sign: (body, { id = 'd-1', secret: key = secret } = {}) => [
        type,
        ['x-github-delivery', id],
        ['x-github-event', 'issues'],
        ['x-hub-signature-256', `sha256=${hmac('sha256', key, body).toString('hex')}`],
      ],
    },
    hmac512: {
      reception: {
        ...JSON_RECEPTION,
        verification: {
          scheme: 'hmac-sha512',
          signatureHeader: 'X-Signature',
          prefix: 'h=',
          encoding: 'base64',
          payload: '{id}:{timestamp}:{body}',
          timestampHeader: 'X-Sent-At',
          idHeader: 'X-Delivery',
        },
        deliveryId: { header: 'X-Delivery' },
      },
      secret,
      sign(body, { id = 'd-1', timestamp = String(SENT_AT), secret: key = secret } = {}) {
        const signature = hmac('sha512', key, `${id}:${timestamp}:`, body).toString('base64');
        return [type, ['x-delivery', id], ['x-sent-at', timestamp], ['x-signature', `h=${signature}`]];
      },
    },
    fields: {
      reception: {
        ...JSON_RECEPTION,
        verification: {
          scheme: 'hmac-sha256',
          signatureHeader: 'X-Desk-Signature',
          fields: { signature: 'v1', timestamp: 't' },
          encoding: 'base64url',
          payload: '{timestamp}.{body}',
        },
        deliveryId: { header: 'X-Delivery' },
      },
      secret,
      sign(body, { id = 'd-1', timestamp = String(SENT_AT), secret: key = secret } = {}) {
        const signature = hmac('sha256', key, `${timestamp}.`, body).toString('base64url');
        return [type, ['x-delivery', id], ['x-desk-signature', `t=${timestamp},v1=${signature}`]];
      },
    },
    standardV1: {
      reception: {
        ...JSON_RECEPTION,
        verification: { scheme: 'standard-webhooks', version: 'v1' },
        deliveryId: { header: 'webhook-id' },
      },
      secret: `whsec_${standardKey.toString('base64')}`,
      sign: (body, { id = 'msg_1', timestamp = String(SENT_AT), secret: key } = {}) => {
        const bytes = key === undefined ? standardKey : Buffer.from(key.replace('whsec_', ''), 'base64');
        return standardHeaders(
          id,
          timestamp,
          `v1,${hmac('sha256', bytes, `${id}.${timestamp}.`, body).toString('base64')}`,
        );
      },
    },
    standardV1a: {
      reception: {
        ...JSON_RECEPTION,
        verification: { scheme: 'standard-webhooks', version: 'v1a' },
        deliveryId: { header: 'webhook-id' },
      },
      secret: `whpk_${rawPublicKey(publicKey).toString('base64')}`,
      sign: (body, { id = 'msg_1', timestamp = String(SENT_AT) } = {}) => {
        const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
        return standardHeaders(id, timestamp, `v1a,${sign(null, signed, privateKey).toString('base64')}`);
      },
    },
    sharedSecret: {
      reception: {
        ...JSON_RECEPTION,
        verification: { scheme: 'shared-secret-header', header: 'X-Shared-Secret' },
        deliveryId: { header: 'X-Delivery' },
      },
      secret,
      sign: (_body, { id = 'd-1', secret: key = secret } = {}) => [type, ['x-delivery', id], ['x-shared-secret', key]],
    },
  };
}

/** The headers that prove who sent it, per scheme of {@link createSenders}. */
export const SECURITY_HEADERS: Readonly<Record<string, readonly string[]>> = {
  slack: ['x-slack-signature', 'x-slack-request-timestamp'],
  github: ['x-hub-signature-256', 'x-github-delivery'],
  hmac512: ['x-signature', 'x-sent-at', 'x-delivery'],
  fields: ['x-desk-signature', 'x-delivery'],
  standardV1: ['webhook-signature', 'webhook-timestamp', 'webhook-id'],
  standardV1a: ['webhook-signature', 'webhook-timestamp', 'webhook-id'],
  sharedSecret: ['x-shared-secret', 'x-delivery'],
};

function standardHeaders(id: string, timestamp: string, signature: string): Headers {
  return [type, ['webhook-id', id], ['webhook-timestamp', timestamp], ['webhook-signature', signature]];
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(-32);
}

export function endpointOf(
  reception: ManifestReception,
  secrets: readonly string[],
  over: Partial<Endpoint> = {},
): Endpoint {
  return {
    id: '018f0000-0000-7000-8000-000000000001',
    tenantId: '018f0000-0000-7000-8000-00000000000a',
    workspaceId: '018f0000-0000-7000-8000-00000000000b',
    connectionId: '018f0000-0000-7000-8000-00000000000c',
    connector: 'sample',
    purpose: { kind: 'trigger', name: 'changed' },
    reception,
    addressId: '018f0000-0000-7000-8000-00000000000d',
    secrets: secrets.map((value, at) => ({ id: String(at), secret: new Secret(value) })),
    disabled: false,
    validUntil: null,
    ...over,
  };
}

export function rawDelivery(headers: Headers, body: Uint8Array | string, token = 'a'.repeat(43)): RawDelivery {
  return { endpointToken: token, headers, body: Buffer.from(body), receivedAt: SENT_AT * 1000 };
}

export function sha256(body: Uint8Array | string): Buffer {
  return createHash('sha256').update(body).digest();
}

/** The code that `work` is refused with; an error that is none of ours is thrown on. */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RuntimeError) return error.code;
    throw error;
  }
  return 'ACCEPTED';
}

export function verifyCode(raw: RawDelivery, endpoint: Endpoint | undefined, now = SENT_AT * 1000): string {
  return refusal(() => verifyDelivery(raw, endpoint, now));
}
