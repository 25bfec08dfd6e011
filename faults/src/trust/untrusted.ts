import { packArtifact, readArtifactBytes, type Signer } from '@org/connector-artifact';
import { newSigner, release, trusting } from './releases.ts';

export const ago = (days: number) => new Date(Date.now() - days * 86_400_000);
const REVOKED = { at: ago(1).toISOString(), reason: 'stolen' };
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

export const alice = newSigner();
const bob = newSigner();

interface Untrusted {
  readonly what: string;
  readonly code: string;
  readonly trust: object | string | undefined;
}

/** New releases that must be refused, each for its own reason. Version 2.0.0 was never there. */
export async function newReleases(): Promise<readonly (Untrusted & { readonly archive: Uint8Array })[]> {
  const by = (signers: readonly Signer[], signedAt = ago(5)) => release('2.0.0', signers, signedAt);
  const good = await by([alice]);
  const trust = () => trusting([{ signer: alice }]);
  const cases: [string, string, object, Uint8Array][] = [
    ['no signature', 'ARTIFACT_UNSIGNED', trust(), without(good)],
    ['an unknown key', 'ARTIFACT_UNTRUSTED_SIGNER', trust(), await by([bob])],
    ['a revoked key', 'ARTIFACT_KEY_REVOKED', trusting([{ signer: alice, revoked: REVOKED }]), good],
    ['an expired key', 'ARTIFACT_KEY_EXPIRED', trusting([{ signer: alice, validUntil: ago(6).toISOString() }]), good],
    [
      'an expired key that says it signed earlier',
      'ARTIFACT_KEY_EXPIRED',
      trusting([{ signer: alice, validUntil: ago(1).toISOString() }]),
      good,
    ],
    [
      'a key not yet valid',
      'ARTIFACT_KEY_NOT_YET_VALID',
      trusting([{ signer: alice, validFrom: ago(4).toISOString() }]),
      good,
    ],
    ['a time in the future', 'ARTIFACT_SIGNED_IN_FUTURE', trust(), await by([alice], ago(-1))],
    ["another publisher's key", 'ARTIFACT_PUBLISHER_MISMATCH', trusting([{ signer: alice }], {}, {}, 'other'), good],
    [
      'an id that is not allowed',
      'ARTIFACT_NOT_ALLOWED',
      trusting([{ signer: alice }], { allow: ['service', 'now-*'] }),
      good,
    ],
    [
      'one signature of two',
      'ARTIFACT_THRESHOLD_NOT_MET',
      trusting([{ signer: alice }, { signer: bob }], { threshold: 2 }),
      good,
    ],
    [
      'two signatures, one of a revoked key',
      'ARTIFACT_THRESHOLD_NOT_MET',
      trusting([{ signer: alice }, { signer: bob, revoked: REVOKED }], { threshold: 2 }),
      await by([alice, bob]),
    ],
    [
      'an old version',
      'ARTIFACT_VERSION_TOO_OLD',
      trusting([{ signer: alice }], { minimumVersions: { servicenow: '2.0.1' } }),
      good,
    ],
    [
      'a policy that has ended',
      'ARTIFACT_TRUST_EXPIRED',
      trusting([{ signer: alice }], {}, { validUntil: ago(1).toISOString() }),
      good,
    ],
    ['S + L in place of S', 'ARTIFACT_SIGNATURE_INVALID', trust(), malleated(good)],
    ['a weak key in the policy', 'CONFIG_INVALID', withWeakKey(), good],
  ];
  return cases.map(([what, code, policy, archive]) => ({ what, code, trust: policy, archive }));
}

/** Policies under which the release that runs must run no more, in the node that has it in memory and after a restart. */
export function changedPolicies(): readonly Untrusted[] {
  const cases: [string, string, object | string | undefined][] = [
    ['its key is revoked', 'ARTIFACT_KEY_REVOKED', trusting([{ signer: alice, revoked: REVOKED }])],
    ['its key is taken out', 'ARTIFACT_UNTRUSTED_SIGNER', trusting([{ signer: bob }])],
    ['its id is taken out', 'ARTIFACT_NOT_ALLOWED', trusting([{ signer: alice }], { allow: [] })],
    ['its key is given to another', 'ARTIFACT_PUBLISHER_MISMATCH', trusting([{ signer: alice }], {}, {}, 'other')],
    ['two must sign', 'ARTIFACT_THRESHOLD_NOT_MET', trusting([{ signer: alice }, { signer: bob }], { threshold: 2 })],
    [
      'its version is too old',
      'ARTIFACT_VERSION_TOO_OLD',
      trusting([{ signer: alice }], { minimumVersions: { servicenow: '1.1.1' } }),
    ],
    [
      'its key ended before it signed',
      'ARTIFACT_KEY_EXPIRED',
      trusting([{ signer: alice, validUntil: ago(6).toISOString() }]),
    ],
    [
      'its key began after it signed',
      'ARTIFACT_KEY_NOT_YET_VALID',
      trusting([{ signer: alice, validFrom: ago(4).toISOString() }]),
    ],
    ['the file is broken', 'CONFIG_INVALID', '{ "trustVersion": 1'],
    ['the file is gone', 'CONFIG_MISSING', undefined],
    ['the file has a weak key', 'CONFIG_INVALID', withWeakKey()],
    ['the file is an old copy', 'ARTIFACT_TRUST_ROLLBACK', trusting([{ signer: alice }], {}, { serial: 1 })],
    [
      'the file is an old copy without a serial',
      'ARTIFACT_TRUST_ROLLBACK',
      trusting([{ signer: alice }], {}, { serial: 0 }),
    ],
  ];
  return cases.map(([what, code, trust]) => ({ what, code, trust }));
}

/** Policies that have ended in time, which is no reason to stop what was enabled before. */
export function endedPolicies(): readonly (readonly [string, object])[] {
  return [
    ['its key has ended since', trusting([{ signer: alice, validUntil: ago(1).toISOString() }])],
    ['the policy has ended', trusting([{ signer: alice }], {}, { validUntil: ago(1).toISOString() })],
  ];
}

/** A point of order 1: for OpenSSL 3.0 one constant signature fits every message under it. */
function withWeakKey(): object {
  const spki = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from('01'.padEnd(64, '0'), 'hex'),
  ]);
  const publicKeyPem = `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`;
  return trusting([{ signer: alice }, { signer: { ...bob, publicKeyPem }, keyId: WEAK_KEY_ID }]);
}

/** SHA-256 of the SubjectPublicKeyInfo above, so that the weak point is all that is wrong with it. */
const WEAK_KEY_ID = 'd0fbfbb4f059a24b42b1b553b6d79c0586599e84d2033429b92e9b968cb39b4c';

function without(archive: Uint8Array): Uint8Array {
  return packArtifact(new Map([...readArtifactBytes(archive)].filter(([name]) => !name.startsWith('signatures/'))));
}

/** The second spelling of the signature, which RFC 8032 forbids and many verifiers take. */
function malleated(archive: Uint8Array): Uint8Array {
  const files = new Map(readArtifactBytes(archive));
  for (const [name, bytes] of files) {
    if (!name.startsWith('signatures/')) continue;
    const text = Buffer.from(bytes).toString();
    const sig = /"sig":"([^"]+)"/.exec(text)?.[1] ?? '';
    const signature = Buffer.from(sig, 'base64');
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + L;
    const second = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    const spelt = Buffer.concat([signature.subarray(0, 32), second]).toString('base64');
    files.set(name, Buffer.from(text.replace(sig, spelt)));
  }
  return packArtifact(files);
}
