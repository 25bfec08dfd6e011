import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import type { ManifestAuth } from '@org/connector-sdk';
import { SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { RuntimeError } from '../types/errors.ts';
import type { OAuthServer } from './oauth-server.ts';

type OAuth2 = Extract<ManifestAuth, { kind: 'oauth2' }>;
type Secrets = Readonly<Record<string, string>>;

const ASSERTION_SECONDS = 300;

/** How the client proves itself at the token endpoint. Throws `CREDENTIAL_INVALID` for a key that is none. */
export async function clientAuthentication(
  auth: OAuth2,
  { metadata, isNamed }: OAuthServer,
  { clientSecret, privateKey, keyId, audience }: Secrets,
): Promise<oauth.ClientAuth> {
  if (auth.clientAuthentication === 'private_key_jwt' && privateKey !== undefined) {
    const { key, webCrypto } = parseKey(privateKey);
    const cryptoKey = key.toCryptoKey(webCrypto, false, ['sign']);
    return oauth.PrivateKeyJwt(keyId === undefined ? cryptoKey : { key: cryptoKey, kid: keyId }, {
      [oauth.modifyAssertion](_header, payload) {
        payload.aud = audience ?? (isNamed ? metadata.issuer : metadata.token_endpoint);
      },
    });
  }
  if (clientSecret === undefined) return oauth.None();
  return auth.clientAuthentication === 'post'
    ? oauth.ClientSecretPost(clientSecret)
    : oauth.ClientSecretBasic(clientSecret);
}

/** An assertion of the JWT bearer grant (RFC 7523, section 2.1). Throws `CREDENTIAL_INVALID` for a key that is none. */
export function signAssertion(server: OAuthServer, secrets: Secrets, now: number): Promise<string> {
  const { clientId = '', subject = '', privateKey = '', keyId, audience } = secrets;
  const { key, algorithm } = parseKey(privateKey);
  const seconds = Math.floor(now / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(clientId)
    .setSubject(subject)
    .setAudience(audience ?? server.metadata.token_endpoint)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .setJti(randomUUID())
    .sign(key);
}

interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: string;
  readonly webCrypto: Parameters<KeyObject['toCryptoKey']>[0];
}

function parseKey(pem: string): SigningKey {
  const key = readPem(pem);
  switch (key?.asymmetricKeyType) {
    case 'rsa':
      return { key, algorithm: 'RS256', webCrypto: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } };
    case 'ec':
      if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') break;
      return { key, algorithm: 'ES256', webCrypto: { name: 'ECDSA', namedCurve: 'P-256' } };
    case 'ed25519':
      return { key, algorithm: 'EdDSA', webCrypto: { name: 'Ed25519' } };
  }
  throw new RuntimeError(
    'CREDENTIAL_INVALID',
    'the privateKey is not the PEM of an RSA, P-256 or Ed25519 key; give the whole file, unencrypted',
  );
}

/** Line ends may come escaped, as environment variables have them. */
function readPem(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem.replaceAll('\\n', '\n'));
  } catch {
    return undefined;
  }
}
