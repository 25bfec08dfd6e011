import { normalize } from 'node:path';
import { RuntimeError } from '../types/errors.ts';
import { type ParsedReference, type ReferenceScheme, referenceSchemes } from './parse-reference.ts';

/**
 * What a tenant's references may point to, by scheme. An entry is one exact name or path; one that ends in `/` is everything
 * below it. There are no patterns, and what is not listed is refused.
 */
export type ReferencePolicy = Readonly<Partial<Record<ReferenceScheme, readonly string[]>>>;

const MAX_ENTRIES = 1000;

/** Whether the policy lists it. Files are looked at once more when they are opened: links may lead elsewhere. */
export function isAllowed(policy: ReferencePolicy, { scheme, path }: ParsedReference): boolean {
  return (policy[scheme] ?? []).some((entry) => coversPath(entry, path));
}

/** True for the entry itself, and for what is below one that ends in `/`. */
export function coversPath(entry: string, path: string): boolean {
  return entry.endsWith('/') ? path.startsWith(entry) && path.length > entry.length : path === entry;
}

/**
 * Checks a policy as somebody wrote it.
 *
 * @throws RuntimeError `SECRET_REFERENCE_INVALID`, naming the entry
 */
export function parseReferencePolicy(value: unknown): ReferencePolicy {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('it is no object');
  const policy: Partial<Record<ReferenceScheme, readonly string[]>> = {};
  for (const [name, entries] of Object.entries(value)) {
    const scheme = referenceSchemes.find((known) => known === name);
    if (scheme === undefined) throw refuse(`there is no scheme "${name}"; there are ${referenceSchemes.join(', ')}`);
    policy[scheme] = parseEntries(scheme, entries);
  }
  return policy;
}

function parseEntries(scheme: ReferenceScheme, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_ENTRIES) {
    throw refuse(`${scheme} is no list of at most ${MAX_ENTRIES} entries`);
  }
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw refuse(`an entry of ${scheme} is no text`);
    if (!isEntry(scheme, entry)) throw refuse(`${JSON.stringify(entry)} is no entry of ${scheme}: ${forms[scheme]}`);
    return entry;
  });
}

const forms: Readonly<Record<ReferenceScheme, string>> = {
  env: 'name a variable exactly',
  file: 'give an absolute path, with / at its end for a whole folder, and no "..", pattern or the root',
  vault: 'give mount and path, with / at its end for all below it, and no field or pattern',
  'aws-secretsmanager': 'give a name or ARN, with / at its end for all below it, and no field or pattern',
};

function isEntry(scheme: ReferenceScheme, entry: string): boolean {
  switch (scheme) {
    case 'env':
      return /^[A-Za-z_][A-Za-z0-9_]*$/.test(entry);
    case 'file':
      return /^\/[^*?\p{Cc}]+$/u.test(entry) && normalize(entry) === entry && entry !== '/';
    case 'vault':
      return /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+)*\/?$/.test(entry);
    case 'aws-secretsmanager':
      return /^[A-Za-z0-9/_+=.@:-]{1,512}$/.test(entry) && entry !== '/';
  }
}

function refuse(why: string): RuntimeError {
  return new RuntimeError('SECRET_REFERENCE_INVALID', `the reference policy is refused: ${why}`);
}
