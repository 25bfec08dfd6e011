import type { ManifestReception } from '../manifest.ts';
import { type Change, type Path, toChange } from './change.ts';
import { type Compare, compareList, compareNumber, compareObject, compareValue } from './compare.ts';
import { isSameJson } from './same-json.ts';
import { quote, subjectOf } from './subject.ts';

type Verification = ManifestReception['verification'];

/** How deliveries arrive: at a trigger, or as clicks of an approval channel. */
export const compareReception: Compare<ManifestReception> = compareObject<ManifestReception>({
  verification: compareVerification,
  contentTypes: compareList({ added: 'content-type-added', removed: 'content-type-removed', what: 'content type' }),
  deliveryId: compareValue('delivery-id-changed', 'the id of a delivery'),
  handshake: (before, after, path) =>
    compareValue(before === undefined ? 'handshake-added' : 'handshake-changed', 'the handshake')(before, after, path),
  maxBodyBytes: compareNumber('body-limit-raised', 'body-limit-lowered', 'bytes of a body'),
  headers: compareList({ added: 'header-added', removed: 'header-removed', what: 'header' }),
});

/** The runtime's own, where a scheme that signs time gives none. */
const DEFAULT_TOLERANCE_SECONDS = 300;

const compareTolerance = compareNumber(
  'tolerance-lengthened',
  'tolerance-shortened',
  'seconds that a delivery may be late',
  DEFAULT_TOLERANCE_SECONDS,
);

function compareVerification(before: Verification, after: Verification, path: Path): Change[] {
  const [old, young] = [withoutTolerance(before), withoutTolerance(after)];
  const tolerancePath = [...path, 'toleranceSeconds'];
  if (isSameJson(old, young)) return compareTolerance(toleranceOf(before), toleranceOf(after), tolerancePath);
  const lost = listProofs(before).filter((proof) => !listProofs(after).includes(proof));
  const who = subjectOf(path);
  const schemes = `was verified by ${quote(old)}, is by ${quote(young)}`;
  if (lost.length === 0) return [toChange('verification-changed', path, before, after, `${who} ${schemes}`)];
  const message = `${who} ${schemes}, without proof of ${lost.join(' and ')}`;
  return [toChange('verification-weakened', path, before, after, message)];
}

function toleranceOf(verification: Verification): number | undefined {
  return 'toleranceSeconds' in verification ? verification.toleranceSeconds : undefined;
}

function withoutTolerance(verification: Verification): object {
  const { toleranceSeconds: _, ...rest } = { toleranceSeconds: undefined, ...verification };
  return rest;
}

type Proof = 'the body' | 'the time' | 'the id' | 'a 512-bit digest';

/** What a delivery that passes is known not to have been changed in. */
function listProofs(verification: Verification): Proof[] {
  switch (verification.scheme) {
    case 'shared-secret-header':
      return [];
    case 'github-sha256':
      return ['the body'];
    case 'slack-v0':
      return ['the body', 'the time'];
    case 'standard-webhooks':
      return ['the body', 'the time', 'the id'];
    case 'hmac-sha256':
    case 'hmac-sha512': {
      const proofs: Proof[] = ['the body'];
      if (verification.payload.includes('{timestamp}')) proofs.push('the time');
      if (verification.payload.includes('{id}')) proofs.push('the id');
      if (verification.scheme === 'hmac-sha512') proofs.push('a 512-bit digest');
      return proofs;
    }
    default:
      return [];
  }
}
