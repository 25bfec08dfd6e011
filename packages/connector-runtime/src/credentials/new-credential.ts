import type { ManifestAuth } from '@org/connector-sdk';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RuntimeError } from '../types/errors.ts';
import { isSecretReference, type SecretValue } from '../types/secret-reference.ts';
import { renewalGrant } from './renewal-grant.ts';
import type { OAuthToken, StoredCredential } from './stored-credential.ts';

type OAuth2 = Extract<ManifestAuth, { kind: 'oauth2' }>;
type Given = Readonly<Record<string, SecretValue>>;

const OAUTH_FIELDS = [
  ...['clientId', 'clientSecret', 'privateKey', 'keyId', 'issuer', 'scope', 'subject', 'audience', 'grant'],
  ...['accessToken', 'refreshToken', 'expiresAt'],
];
/** These decide what is asked or change by themselves: only text that is stored here can be meant. */
const NO_REFERENCES = ['issuer', 'scope', 'grant', 'refreshToken', 'expiresAt', 'keyId'];
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

/**
 * A credential from what an administrator gave.
 *
 * @throws RuntimeError `CREDENTIAL_INVALID` naming fields, never values
 */
export function newCredential(name: string, auth: ManifestAuth, secrets: Given): StoredCredential {
  for (const [field, value] of Object.entries(secrets)) {
    if (isSecretReference(value)) continue;
    if (typeof value !== 'string' || value === '') throw invalid(name, `${shown(field)} is empty or no text`);
  }
  if (auth.kind === 'basic') requireFields(name, secrets, ['username', 'password']);
  else if (auth.kind === 'api_key') requireFields(name, secrets, ['key']);
  else if (auth.kind === 'custom') requireSchema(name, auth.secret, secrets);
  else return newOAuthCredential(name, auth, secrets);
  return { auth: name, secrets };
}

/**
 * The same connection with other secrets. What a person agreed to belongs to the client it was given to: it is kept when
 * only that client's proof is new, and given up with the client.
 */
export function rotatedCredential(previous: StoredCredential, next: StoredCredential): StoredCredential {
  const { token } = previous;
  const same = ['clientId', 'issuer', 'scope', 'grant'].every((field) =>
    isSameValue(previous.secrets[field], next.secrets[field]),
  );
  if (next.token || previous.auth !== next.auth || !token || token.grant === 'given' || !same) return next;
  return { ...next, token };
}

function isSameValue(one: SecretValue | undefined, other: SecretValue | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function newOAuthCredential(name: string, auth: OAuth2, secrets: Given): StoredCredential {
  const unknown = Object.keys(secrets).filter((field) => !OAUTH_FIELDS.includes(field));
  if (unknown.length > 0) throw invalid(name, `it takes no ${unknown.map(shown).join(', ')}`);
  const referring = NO_REFERENCES.filter((field) => isReference(secrets[field]));
  if (referring.length > 0) throw invalid(name, `${referring.join(', ')} can't be a reference`);
  if (typeof secrets.issuer === 'string' && !isIssuer(secrets.issuer)) throw invalid(name, 'issuer is no https URL');
  if (secrets.grant !== undefined && !auth.grants.some((offered) => offered === secrets.grant)) {
    throw invalid(name, `grant is none of ${auth.grants.join(', ')}`);
  }
  const { accessToken, refreshToken, expiresAt: expiry, ...registration } = secrets;
  const expiresAt = typeof expiry === 'string' ? Date.parse(expiry) : undefined;
  if (Number.isNaN(expiresAt)) throw invalid(name, 'expiresAt is no ISO 8601 time');
  const token: OAuthToken | undefined =
    typeof accessToken === 'string' || typeof refreshToken === 'string'
      ? {
          accessToken: typeof accessToken === 'string' ? accessToken : '',
          grant: 'given',
          ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
          // Without an access token there is one to fetch before anything is sent.
          ...(accessToken === undefined ? { expiresAt: 0 } : expiresAt === undefined ? {} : { expiresAt }),
        }
      : undefined;
  const kept: Given =
    accessToken !== undefined && isSecretReference(accessToken) ? { ...registration, accessToken } : registration;
  const credential: StoredCredential = { auth: name, secrets: kept, ...(token ? { token } : {}) };
  if (accessToken === undefined && !canBegin(auth, credential)) {
    throw invalid(name, 'it needs an accessToken, or a clientId with what the grants of this auth need besides');
  }
  return credential;
}

/** Whether there is a way from here to a token: by itself, or by a person who agrees. */
function canBegin(auth: OAuth2, credential: StoredCredential): boolean {
  if (credential.secrets.clientId === undefined) return false;
  return renewalGrant(auth, credential) !== undefined || auth.grants.includes('authorization_code');
}

function isReference(value: SecretValue | undefined): boolean {
  return value !== undefined && isSecretReference(value);
}

/** RFC 8414, section 2. Whether plain http may be asked is the broker's to say. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && `${search}${hash}${username}` === '';
}

/** Somebody may have pasted a secret where a field's name belongs: only what reads like a name is repeated. */
function shown(field: string): string {
  return /^[A-Za-z][A-Za-z_]{0,23}$/.test(field) ? field : 'a field of another name';
}

function requireFields(name: string, secrets: Given, fields: readonly string[]): void {
  const given = Object.keys(secrets).sort();
  if (given.join() !== [...fields].sort().join()) {
    throw invalid(name, `it takes ${fields.join(' and ')}, and was given ${given.map(shown).join(', ') || 'nothing'}`);
  }
}

/** A reference's value is not known yet: only that the field may be there. */
function requireSchema(name: string, schema: object, secrets: Given): void {
  const { $schema: _, ...body } = schema as Record<string, unknown>;
  const validate = ajv.compile(body);
  const referring = Object.keys(secrets).filter((field) => isReference(secrets[field]));
  if (validate(Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, textOf(value)])))) return;
  const [error] = (validate.errors ?? []).filter(({ instancePath }) => !referring.includes(instancePath.slice(1)));
  // Ajv's messages name the rule and the place; `params` could quote a value and is left out.
  if (error) throw invalid(name, `${error.instancePath || 'the whole'} ${error.message ?? 'does not fit'}`);
}

function textOf(value: SecretValue): string {
  return isSecretReference(value) ? '' : value;
}

function invalid(name: string, why: string): RuntimeError {
  return new RuntimeError('CREDENTIAL_INVALID', `the secret for "${name}" is refused: ${why}`, {
    details: { auth: name },
  });
}
