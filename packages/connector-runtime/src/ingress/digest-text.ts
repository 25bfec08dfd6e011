/** The bytes of a digest of that length; undefined for any other text. Each digest has one spelling. */
export function decodeDigest(
  text: string,
  encoding: 'hex' | 'base64' | 'base64url',
  bytes: number,
): Uint8Array | undefined {
  const decoded = encoding === 'hex' ? decodeHex(text) : decodeCanonical(text, encoding);
  return decoded?.length === bytes ? decoded : undefined;
}

/** Canonical, with its padding. */
export function decodeBase64(text: string): Uint8Array | undefined {
  return decodeCanonical(text, 'base64');
}

/** All lower-case or all upper-case. `Buffer.from('zz', 'hex')` is empty, so the pattern comes first. */
function decodeHex(text: string): Uint8Array | undefined {
  return text.length % 2 === 0 && /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}

const ALPHABETS = { base64: /^[A-Za-z0-9+/]+={0,2}$/, base64url: /^[A-Za-z0-9_-]+$/ } as const;

/** The decoder ignores junk and spare bits, so a changed character could still match. */
function decodeCanonical(text: string, encoding: 'base64' | 'base64url'): Uint8Array | undefined {
  if (!ALPHABETS[encoding].test(text)) return undefined;
  const decoded = Buffer.from(text, encoding);
  return decoded.toString(encoding) === text ? decoded : undefined;
}
