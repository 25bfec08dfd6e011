import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { ActionError } from '@org/connector-sdk';

/** GitHub allows ten minutes; one is left for a clock that runs ahead of ours. */
const LIFETIME_SECONDS = 540;
/** A clock of GitHub's that runs behind ours must not see a token of the future. */
const BACKDATE_SECONDS = 60;

export interface AppJwt {
  readonly jwt: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/**
 * The JWT by which an App proves itself: RS256, `iat` a minute back, `exp` nine minutes ahead of `nowMs`.
 * `@octokit/auth-app` would sign one that lives half a minute longer and starts half a minute later.
 *
 * @throws ActionError `GITHUB_KEY_INVALID`
 */
export function createAppJwt(appId: number | string, privateKeyPem: string, nowMs: number): AppJwt {
  const key = readKey(privateKeyPem);
  const now = Math.floor(nowMs / 1000);
  const expires = now + LIFETIME_SECONDS;
  const head = encode({ alg: 'RS256', typ: 'JWT' });
  const claims = encode({ iat: now - BACKDATE_SECONDS, exp: expires, iss: String(appId) });
  const signature = sign('RSA-SHA256', Buffer.from(`${head}.${claims}`), key).toString('base64url');
  return { jwt: `${head}.${claims}.${signature}`, expiresAt: new Date(expires * 1000).toISOString() };
}

/** Line ends are often lost on the way through a form or an environment variable. The key is never in an error. */
function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem.replace(/\\n/g, '\n'));
  } catch {
    throw new ActionError('GITHUB_KEY_INVALID', 'the private key is no PEM key: paste the whole .pem file of the App');
  }
  if (key.asymmetricKeyType === 'rsa') return key;
  throw new ActionError(
    'GITHUB_KEY_INVALID',
    'the private key is no RSA key: use the .pem file that GitHub gave for the App',
  );
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
