import { type KeyObject, verify } from 'node:crypto';

/** Why GitHub refuses a JWT of an App; the words are the vendor's. */
export type JwtRefusal =
  | 'A JSON web token could not be decoded'
  | "'Issuer' claim ('iss') must be an Integer"
  | "'Expiration time' claim ('exp') is too far in the future"
  | "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
  | "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";

const maximumLifetimeSeconds = 600;

/** Checks an App's JWT as GitHub does: RS256 by the app's key, `iss`, `iat` not ahead, `exp` ahead by at most ten minutes. */
export function checkAppJwt(
  jwt: string,
  app: { appId: number; publicKey: KeyObject },
  epochMs: number,
): JwtRefusal | undefined {
  const [header = '', payload = '', signature = '', ...rest] = jwt.split('.');
  const { alg } = decodePart(header) ?? {};
  const claims = decodePart(payload);
  if (rest.length > 0 || alg !== 'RS256' || !claims) return 'A JSON web token could not be decoded';
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${payload}`),
    app.publicKey,
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return 'A JSON web token could not be decoded';
  const { iss, iat, exp } = claims;
  if (String(iss) !== String(app.appId)) return "'Issuer' claim ('iss') must be an Integer";
  const nowSeconds = epochMs / 1000;
  if (typeof iat !== 'number' || iat > nowSeconds) {
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  }
  if (typeof exp !== 'number' || exp <= nowSeconds) {
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  }
  if (exp - nowSeconds > maximumLifetimeSeconds) return "'Expiration time' claim ('exp') is too far in the future";
  return undefined;
}

function decodePart(part: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : undefined;
  } catch {
    return undefined;
  }
}
