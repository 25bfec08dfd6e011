import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAppJwt } from './app-jwt.ts';

const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const app = { appId: 41001, publicKey: own.publicKey };
const epochMs = Date.UTC(2026, 10, 22);
const seconds = epochMs / 1000;
const good = { iss: 41001, iat: seconds - 60, exp: seconds + 540 };

function makeJwt(claims: object, key: KeyObject = own.privateKey): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}

describe('checkAppJwt', () => {
  it('accepts what the app signed, with its id as a number or as text', () => {
    expect(checkAppJwt(makeJwt(good), app, epochMs)).toBeUndefined();
    expect(checkAppJwt(makeJwt({ ...good, iss: '41001' }), app, epochMs)).toBeUndefined();
  });

  it('refuses another key', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(checkAppJwt(makeJwt(good, other.privateKey), app, epochMs)).toBe('A JSON web token could not be decoded');
  });

  it('refuses claims that were changed after signing', () => {
    const [header, , signature] = makeJwt(good).split('.');
    const [, payload] = makeJwt({ ...good, exp: seconds + 541 }).split('.');
    expect(checkAppJwt(`${header}.${payload}.${signature}`, app, epochMs)).toBeDefined();
    expect(checkAppJwt(`${header}.${payload}.`, app, epochMs)).toBeDefined();
  });

  it('refuses every other text, and never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.base64String(), fc.string()), { maxLength: 4 }), (parts) => {
        expect(checkAppJwt(parts.join('.'), app, epochMs)).toBeDefined();
      }),
    );
  });
});
