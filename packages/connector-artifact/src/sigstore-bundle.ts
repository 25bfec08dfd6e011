import { z } from 'zod';
import { keyIdOfSignatureFile } from './artifact-files.ts';
import { ArtifactError } from './errors.ts';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** What a signature file says, not yet verified: `payload` must stay opaque until the signature was checked. */
export interface SignatureBundle {
  readonly keyId: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

const base64 = z.string().transform((text, context) => {
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64 and ignores left-over bits; only the one canonical spelling is taken.
  if (bytes.toString('base64') !== text) context.addIssue('not canonical base64');
  return Uint8Array.from(bytes);
});

/** The Sigstore bundle v0.3 with a public key hint and one DSSE signature; no certificates, no transparency log, no timestamps. */
const bundleSchema = z.strictObject({
  mediaType: z.literal(BUNDLE_MEDIA_TYPE),
  verificationMaterial: z.strictObject({
    publicKey: z.strictObject({ hint: z.string().regex(/^[0-9a-f]{64}$/) }),
    tlogEntries: z.tuple([]).optional(),
    timestampVerificationData: z.strictObject({ rfc3161Timestamps: z.tuple([]).optional() }).optional(),
  }),
  dsseEnvelope: z.strictObject({
    payloadType: z.literal(PAYLOAD_TYPE),
    payload: base64,
    signatures: z.tuple([z.strictObject({ sig: base64, keyid: z.string().optional() })]),
  }),
});

/** The bytes that are signed: DSSE v1 pre-authentication encoding. Source: secure-systems-lab/dsse, protocol.md. */
export function preAuthenticationEncoding(payload: Uint8Array, payloadType: string = PAYLOAD_TYPE): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The signature file for a payload, one line of JSON. */
export function writeBundle({ keyId, payload, signature }: SignatureBundle): Uint8Array {
  const bundle: z.input<typeof bundleSchema> = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: keyId } },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: Buffer.from(signature).toString('base64'), keyid: keyId }],
    },
  };
  return Buffer.from(JSON.stringify(bundle));
}

/**
 * Reads a signature file. Nothing in it is trusted yet, so the reader is narrow: one line of JSON without a choice of
 * spelling (which also leaves no room for duplicate keys), every member known, and the key named like the file.
 * @throws ArtifactError `ARTIFACT_SIGNATURE_INVALID`.
 */
export function parseBundle(file: string, bytes: Uint8Array): SignatureBundle {
  let json: unknown;
  let respelled: string;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
    respelled = JSON.stringify(json);
  } catch (cause) {
    throw malformed(file, 'it is not JSON', cause);
  }
  if (!Buffer.from(respelled).equals(bytes)) throw malformed(file, 'it is not compact, unambiguous JSON');
  const { data, error } = bundleSchema.safeParse(json);
  if (error) throw malformed(file, z.prettifyError(error).replaceAll('\n', ' '), error);
  const { hint } = data.verificationMaterial.publicKey;
  const [{ sig, keyid }] = data.dsseEnvelope.signatures;
  if (hint !== keyIdOfSignatureFile(file)) throw malformed(file, 'its key is another than the one in its name');
  if (keyid !== undefined && keyid !== '' && keyid !== hint) throw malformed(file, 'it names two keys');
  return { keyId: hint, payload: data.dsseEnvelope.payload, signature: sig };
}

function malformed(file: string, why: string, cause?: unknown): ArtifactError {
  return new ArtifactError('ARTIFACT_SIGNATURE_INVALID', `${file} is not a signature bundle: ${why}; sign again`, {
    details: { file },
    cause,
  });
}
