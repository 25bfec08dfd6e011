import { RuntimeError } from '../types/errors.ts';
import type { ParsedReference } from './parse-reference.ts';

/** How people find it again. References are no secrets, and were checked before they are named. */
function nameOf({ scheme, path }: ParsedReference): string {
  return `${scheme}:${path}`;
}

export function notAllowed(reference: ParsedReference): RuntimeError {
  const name = nameOf(reference);
  return new RuntimeError(
    'SECRET_REFERENCE_NOT_ALLOWED',
    `${name} is outside of what this tenant may refer to; have it added to the tenant's reference policy`,
    { details: { reference: name } },
  );
}

export function missing(reference: ParsedReference, why: string): RuntimeError {
  const name = nameOf(reference);
  return new RuntimeError('SECRET_REFERENCE_MISSING', `${name} ${why}`, { details: { reference: name } });
}

export function unavailable(reference: ParsedReference, why: string, cause?: unknown): RuntimeError {
  const name = nameOf(reference);
  return new RuntimeError('SECRET_REFERENCE_UNAVAILABLE', `${name} can't be read: ${why}`, {
    details: { reference: name },
    cause,
  });
}
