import { isAbsolute, normalize } from 'node:path';
import { RuntimeError } from '../types/errors.ts';

/** A reference that was read; `path` is what policies are compared with. */
export type ParsedReference =
  | { readonly scheme: 'env'; readonly path: string }
  | { readonly scheme: 'file'; readonly path: string }
  /** `path` begins with the mount; the field is one of the secret's. */
  | { readonly scheme: 'vault'; readonly path: string; readonly field: string }
  /** Without a field the whole text is meant. */
  | { readonly scheme: 'aws-secretsmanager'; readonly path: string; readonly field: string | undefined };

export type ReferenceScheme = ParsedReference['scheme'];

export const referenceSchemes = ['env', 'file', 'vault', 'aws-secretsmanager'] as const satisfies ReferenceScheme[];

const MAX_LENGTH = 1000;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** No `.` or `..` segment, nothing encoded: what is compared is what is asked for. */
const VAULT_PATH = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+)+$/;
const AWS_ID = /^[A-Za-z0-9/_+=.@:-]{1,512}$/;
const FIELD = /^[^#\p{Cc}]{1,200}$/u;

/**
 * Reads `env:NAME`, `file:/path`, `vault:mount/path#field` (KV version 2) or `aws-secretsmanager:id[#field]`.
 *
 * @throws RuntimeError `SECRET_REFERENCE_INVALID`
 */
export function parseReference(text: string): ParsedReference {
  const colon = text.indexOf(':');
  const [scheme, rest] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 1 || text.length > MAX_LENGTH) throw invalid(text, 'a reference is like env:NAME');
  const [path = '', field, ...more] = rest.split('#');
  switch (scheme) {
    case 'env':
      if (ENV_NAME.test(rest)) return { scheme, path: rest };
      throw invalid(text, 'env: takes the name of a variable, like env:CLIENT_SECRET');
    case 'file':
      if (isAbsolute(rest) && normalize(rest) === rest && !rest.endsWith('/') && !/\p{Cc}/u.test(rest)) {
        return { scheme, path: rest };
      }
      throw invalid(text, 'file: takes an absolute path without "." or ".." in it, like file:/run/secrets/client');
    case 'vault':
      if (VAULT_PATH.test(path) && field !== undefined && FIELD.test(field) && more.length === 0) {
        return { scheme, path, field };
      }
      throw invalid(text, 'vault: takes mount, path and field, like vault:secret/acme/slack#clientSecret');
    case 'aws-secretsmanager':
      if (AWS_ID.test(path) && (field === undefined || FIELD.test(field)) && more.length === 0) {
        return { scheme, path, field };
      }
      throw invalid(
        text,
        'aws-secretsmanager: takes a name or ARN, and a field where the secret is JSON, like acme/slack#key',
      );
    default:
      throw invalid(text, `there is no such scheme; there are ${referenceSchemes.join(', ')}`);
  }
}

/** The scheme alone is repeated: somebody may have put a secret where a reference belongs. */
function invalid(text: string, why: string): RuntimeError {
  const scheme = referenceSchemes.find((known) => text.startsWith(`${known}:`));
  return new RuntimeError(
    'SECRET_REFERENCE_INVALID',
    `the ${scheme === undefined ? '' : `${scheme}: `}reference is refused: ${why}`,
  );
}
