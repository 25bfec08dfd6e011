import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReference, referenceSchemes } from './parse-reference.ts';
import { isAllowed, parseReferencePolicy } from './reference-policy.ts';

const invalid = expect.objectContaining({ code: 'SECRET_REFERENCE_INVALID' });

describe('a reference', () => {
  it.each([
    ['env:CLIENT_SECRET', { scheme: 'env', path: 'CLIENT_SECRET' }],
    ['file:/run/secrets/acme', { scheme: 'file', path: '/run/secrets/acme' }],
    ['vault:secret/acme/slack#clientSecret', { scheme: 'vault', path: 'secret/acme/slack', field: 'clientSecret' }],
    ['aws-secretsmanager:acme/slack#key', { scheme: 'aws-secretsmanager', path: 'acme/slack', field: 'key' }],
    [
      'aws-secretsmanager:arn:aws:secretsmanager:eu-central-1:111122223333:secret:acme-AbCdEf',
      {
        scheme: 'aws-secretsmanager',
        path: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:acme-AbCdEf',
        field: undefined,
      },
    ],
  ])('is read: %s', (text, parsed) => {
    expect(parseReference(text)).toEqual(parsed);
  });

  it.each([
    '',
    'env',
    'env:',
    'env:A B',
    'env:A=B',
    'env:1A',
    'env:A\0',
    'ENV:A',
    ' env:A',
    'gcp:projects/p/secrets/s',
    'azure:vault/s',
    'file:relative',
    'file:/a/../b',
    'file:/a/./b',
    'file://a/b',
    'file:/a//b',
    'file:/a/',
    'file:/a\0b',
    'vault:secret',
    'vault:secret/acme',
    'vault:secret/acme#',
    'vault:secret/acme#a#b',
    'vault:secret/../sys/raw#a',
    'vault:secret/./a#a',
    'vault:secret/a/..#a',
    'vault:/secret/a#a',
    'vault:secret//a#a',
    'vault:secret/%2e%2e/sys#a',
    'vault:secret/a?version=1#a',
    'aws-secretsmanager:',
    'aws-secretsmanager:a b',
    'aws-secretsmanager:a#',
    `env:${'A'.repeat(1000)}`,
  ])('is refused: %j', (text) => {
    expect(() => parseReference(text)).toThrow(invalid);
  });

  it('is read or refused with its code, whatever the text, and never repeated when refused', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom(...referenceSchemes), fc.string()).map(([scheme, rest]) => `${scheme}:${rest}`),
    );
    fc.assert(
      fc.property(text, (reference) => {
        try {
          const { scheme, path } = parseReference(reference);
          expect(reference.startsWith(`${scheme}:${path}`)).toBe(true);
          expect(path.split('/').filter((part) => part === '..' || part === '.')).toEqual([]);
        } catch (error) {
          expect(error).toEqual(invalid);
          const rest = reference.slice(reference.indexOf(':') + 1);
          if (rest.length > 30) expect(String(error)).not.toContain(rest);
        }
      }),
    );
  });
});

describe('a policy', () => {
  const allows = (policy: object, reference: string) =>
    isAllowed(parseReferencePolicy(policy), parseReference(reference));

  it('allows nothing by default', () => {
    for (const reference of ['env:A', 'file:/a', 'vault:a/b#c', 'aws-secretsmanager:a']) {
      expect(allows({}, reference)).toBe(false);
    }
  });

  it.each([
    [{ env: ['A'] }, 'env:A', true],
    [{ env: ['A'] }, 'env:AB', false],
    [{ env: ['A'] }, 'env:a', false],
    [{ env: ['A'] }, 'file:/A', false],
    [{ file: ['/run/acme/'] }, 'file:/run/acme/key', true],
    [{ file: ['/run/acme/'] }, 'file:/run/acme', false],
    [{ file: ['/run/acme/'] }, 'file:/run/acme-other/key', false],
    [{ file: ['/run/acme'] }, 'file:/run/acme', true],
    [{ file: ['/run/acme'] }, 'file:/run/acme/key', false],
    [{ vault: ['secret/acme/'] }, 'vault:secret/acme/slack#key', true],
    [{ vault: ['secret/acme/'] }, 'vault:secret/acmeother/slack#key', false],
    [{ vault: ['secret/acme'] }, 'vault:secret/acme/slack#key', false],
    [{ vault: ['secret/'] }, 'vault:secret2/acme#key', false],
    [{ 'aws-secretsmanager': ['acme/'] }, 'aws-secretsmanager:acme/slack', true],
    [{ 'aws-secretsmanager': ['acme/slack'] }, 'aws-secretsmanager:acme/slack#key', true],
    [{ 'aws-secretsmanager': ['acme/slack'] }, 'aws-secretsmanager:acme/slack2', false],
  ])('%j and %s: %s', (policy, reference, allowed) => {
    expect(allows(policy, reference)).toBe(allowed);
  });

  const refused: readonly unknown[] = [
    null,
    [],
    'env',
    { gcp: [] },
    { env: 'A' },
    { env: ['A*'] },
    { env: ['A/'] },
    { env: [''] },
    { env: [1] },
    { file: ['/'] },
    { file: ['relative/'] },
    { file: ['/run/*'] },
    { file: ['/run/../etc/'] },
    { vault: ['*'] },
    { vault: ['/'] },
    { vault: ['secret/../'] },
    { vault: ['secret/a#b'] },
    { 'aws-secretsmanager': ['*'] },
    { 'aws-secretsmanager': ['/'] },
    { __proto__: null, constructor: ['A'] },
  ];
  it.each(refused.map((policy) => ({ policy })))('is refused: %j', ({ policy }) => {
    expect(() => parseReferencePolicy(policy)).toThrow(invalid);
  });
});
