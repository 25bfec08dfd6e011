import type { ManifestReception } from '@org/connector-sdk';
import { decodeBase64, decodeDigest } from './digest-text.ts';
import { equalSharedSecret, verifyEd25519, verifyKeyedHash } from './signature-check.ts';
import { MAX_CANDIDATES, parseSignatureFields, type SignatureValue } from './signature-fields.ts';

/** The bytes that are signed, in pieces: the body is not copied. */
export type SignedBytes = readonly (string | Uint8Array)[];

/** How one sender's signatures are read and checked: every scheme of the manifest in one form. */
export interface SignatureRule {
  readonly signatureHeader: string;
  /** Reads the header's value by one strict pattern; undefined when the value is not of that form. */
  readonly parse: (value: string) => SignatureValue | undefined;
  /** What is signed, in pieces: text, and `{timestamp}`, `{id}` and `{body}`, each by itself. */
  readonly payload: readonly string[];
  readonly timestampHeader: string | undefined;
  /** The time is in the signature's own header. */
  readonly hasTimestampField: boolean;
  readonly idHeader: string | undefined;
  /** An id in signed bytes must not look like the separator that follows it. */
  readonly idPattern: RegExp;
  readonly toleranceSeconds: number;
  readonly isMatch: (secret: string, signed: SignedBytes, candidate: Uint8Array) => boolean;
}

type Verification = ManifestReception['verification'];

/** Senders' clocks may differ from ours by this much, in either direction, unless the manifest says otherwise. */
const DEFAULT_TOLERANCE_SECONDS = 300;
/** Visible ASCII without a comma: repeated headers that a server joined never match. */
export const ID_PATTERN = /^[\x21-\x2b\x2d-\x7e]{1,256}$/;
const DOTLESS_ID_PATTERN = /^[\x21-\x2b\x2d\x2f-\x7e]{1,256}$/;

const rules = new WeakMap<Verification, SignatureRule>();

/** Made once per declaration: an endpoint's is remembered with the endpoint. */
export function signatureRule(verification: Verification): SignatureRule {
  const known = rules.get(verification);
  if (known !== undefined) return known;
  const rule = makeRule(verification);
  rules.set(verification, rule);
  return rule;
}

function makeRule(verification: Verification): SignatureRule {
  switch (verification.scheme) {
    case 'slack-v0':
      // https://docs.slack.dev/authentication/verifying-requests-from-slack
      return keyedHash('sha256', {
        signatureHeader: 'x-slack-signature',
        prefix: 'v0=',
        encoding: 'hex',
        payload: 'v0:{timestamp}:{body}',
        timestampHeader: 'x-slack-request-timestamp',
        toleranceSeconds: verification.toleranceSeconds,
      });
    case 'github-sha256':
      // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
      return keyedHash('sha256', {
        signatureHeader: 'x-hub-signature-256',
        prefix: 'sha256=',
        encoding: 'hex',
        payload: '{body}',
      });
    case 'hmac-sha256':
      return keyedHash('sha256', verification);
    case 'hmac-sha512':
      return keyedHash('sha512', verification);
    case 'standard-webhooks':
      return standardWebhooks(verification);
    case 'shared-secret-header':
      return {
        signatureHeader: verification.header.toLowerCase(),
        parse: (value) =>
          /^[\x21-\x7e]{1,512}$/.test(value) ? { candidates: [Buffer.from(value, 'latin1')] } : undefined,
        payload: ['{body}'],
        timestampHeader: undefined,
        hasTimestampField: false,
        idHeader: undefined,
        idPattern: ID_PATTERN,
        toleranceSeconds: DEFAULT_TOLERANCE_SECONDS,
        isMatch: equalSharedSecret,
      };
  }
}

type HashedVerification = Extract<Verification, { payload: string }>;

interface KeyedHashOptions {
  readonly signatureHeader: string;
  readonly fields?: HashedVerification['fields'];
  readonly prefix?: string | undefined;
  readonly encoding: HashedVerification['encoding'];
  readonly payload: string;
  readonly timestampHeader?: string | undefined;
  readonly idHeader?: string | undefined;
  readonly toleranceSeconds?: number | undefined;
}

function keyedHash(algorithm: 'sha256' | 'sha512', options: KeyedHashOptions): SignatureRule {
  const bytes = algorithm === 'sha256' ? 32 : 64;
  const { prefix = '', fields, encoding } = options;
  const decode = (text: string) =>
    text.startsWith(prefix) ? decodeDigest(text.slice(prefix.length), encoding, bytes) : undefined;
  return {
    signatureHeader: options.signatureHeader.toLowerCase(),
    parse(value) {
      if (fields !== undefined) return parseSignatureFields(value, fields, decode);
      const digest = decode(value);
      return digest === undefined ? undefined : { candidates: [digest] };
    },
    payload: piecesOf(options.payload),
    timestampHeader: options.timestampHeader?.toLowerCase(),
    hasTimestampField: fields?.timestamp !== undefined,
    idHeader: options.idHeader?.toLowerCase(),
    idPattern: options.payload.includes('{id}.') ? DOTLESS_ID_PATTERN : ID_PATTERN,
    toleranceSeconds: options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS,
    isMatch: (secret, signed, candidate) => verifyKeyedHash(algorithm, Buffer.from(secret), signed, candidate),
  };
}

function piecesOf(template: string): string[] {
  return template.split(/(\{(?:timestamp|id|body)\})/).filter((piece) => piece !== '');
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function standardWebhooks(verification: Extract<Verification, { scheme: 'standard-webhooks' }>): SignatureRule {
  const { version } = verification;
  const bytes = version === 'v1' ? 32 : 64;
  return {
    signatureHeader: 'webhook-signature',
    parse(value) {
      const tokens = value.split(' ');
      if (tokens.length > MAX_CANDIDATES) return undefined;
      const candidates: Uint8Array[] = [];
      for (const token of tokens) {
        const match = /^(v[0-9a-z]{1,4}),([A-Za-z0-9+/]{1,512}={0,2})$/.exec(token);
        if (match?.[2] === undefined) return undefined;
        if (match[1] !== version) continue;
        const candidate = decodeDigest(match[2], 'base64', bytes);
        if (candidate === undefined) return undefined;
        candidates.push(candidate);
      }
      return candidates.length === 0 ? undefined : { candidates };
    },
    payload: piecesOf('{id}.{timestamp}.{body}'),
    timestampHeader: 'webhook-timestamp',
    hasTimestampField: false,
    idHeader: 'webhook-id',
    idPattern: DOTLESS_ID_PATTERN,
    toleranceSeconds: verification.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS,
    isMatch:
      version === 'v1'
        ? (secret, signed, candidate) => {
            const key = standardWebhooksKey(secret, 'whsec_');
            return key !== undefined && verifyKeyedHash('sha256', key, signed, candidate);
          }
        : (secret, signed, candidate) => {
            const key = standardWebhooksKey(secret, 'whpk_');
            return key !== undefined && verifyEd25519(key, signed, candidate);
          },
  };
}

/** The key's bytes; undefined when the secret is not of the form that the specification gives. */
export function standardWebhooksKey(secret: string, prefix: 'whsec_' | 'whpk_'): Uint8Array | undefined {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
  return decodeBase64(text);
}
