import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newSigner, trustedKey } from './test-artifact.ts';
import { parseTrustFile, parseTrustPolicy, type TrustFile } from './trust-policy.ts';
import { writeTrustFile } from './write-trust-file.ts';

const signers = [newSigner(), newSigner(), newSigner()];

const version = fc.constantFrom('1.0.0', '0.2.0', '10.0.1-rc.1');
const id = fc.constantFrom('acme-a', 'acme-b', 'zoo', 'constructor', 'a-very-long-connector-id');
const publisher = fc.record({
  keys: fc.shuffledSubarray([0, 1, 2], { minLength: 1 }),
  allow: fc.uniqueArray(id),
  minimumVersions: fc.option(fc.dictionary(id, version), { nil: undefined }),
});

/** Policies in any order of everything. */
const files = fc
  .record({ name: fc.constantFrom('acme', 'zeta', 'constructor'), entry: publisher, serial: fc.option(fc.nat()) })
  .map(({ name, entry: { keys, ...rest }, serial }) => {
    const listed = keys.map((index) => trustedKey(signers[index] ?? newSigner()));
    const publishers = { [name]: { ...rest, keys: listed } };
    return JSON.stringify({ publishers, trustVersion: 1, ...(serial === null ? {} : { serial }) });
  });

/** Lists whose order means nothing, in one order. */
function meaning({ publishers, ...rest }: TrustFile): unknown {
  const entries = Object.entries(publishers).map(([name, { keys, allow, ...more }]) => {
    const sorted = [...keys].sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
    return [name, { ...more, keys: sorted, allow: [...allow].sort() }] as const;
  });
  return { ...rest, publishers: Object.fromEntries(entries) };
}

describe('writeTrustFile', () => {
  it('says the same as it was given, and writes it again to the same bytes', () => {
    fc.assert(
      fc.property(files, (text) => {
        const read = parseTrustFile(Buffer.from(text));
        const written = writeTrustFile(read);
        expect(meaning(parseTrustFile(written))).toEqual(meaning(read));
        parseTrustPolicy(written);
        expect(writeTrustFile(parseTrustFile(written))).toEqual(written);
      }),
      { numRuns: 300 },
    );
  });

  it('spells one policy in one way, whatever its order was', () => {
    const keys = signers.map((signer) => trustedKey(signer));
    const spelt = (order: readonly unknown[], allow: readonly string[]) =>
      writeTrustFile(
        parseTrustFile(
          Buffer.from(JSON.stringify({ trustVersion: 1, serial: 4, publishers: { acme: { allow, keys: order } } })),
        ),
      );
    expect(spelt([...keys].reverse(), ['b', 'a'])).toEqual(spelt(keys, ['a', 'b', 'a']));
  });
});
