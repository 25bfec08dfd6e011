import type { ManifestAuth } from '../manifest.ts';
import { toChange } from './change.ts';
import { type Compare, compareList, compareObject, compareText, compareValue, respelled } from './compare.ts';
import { compareHosts } from './compare-hosts.ts';
import { compareSchema } from './compare-schema.ts';
import { quote, subjectOf } from './subject.ts';

type Kind<K extends ManifestAuth['kind']> = Extract<ManifestAuth, { kind: K }>;

const kind = compareValue('auth-kind-changed', 'its kind');

const compareOauth2 = compareObject<Kind<'oauth2'>>({
  kind,
  title: compareText,
  grants: compareList({ added: 'grant-added', removed: 'grant-removed', what: 'grant' }),
  issuer: compareValue('auth-url-changed', 'who the authorization server says it is'),
  authorizationUrl: compareValue('auth-url-changed', 'the address where people agree'),
  tokenUrl: compareValue('auth-url-changed', 'the address of tokens'),
  revocationUrl: (before, after, path) => {
    const what =
      before === undefined ? 'revocation-added' : after === undefined ? 'revocation-lost' : 'auth-url-changed';
    return compareValue(what, 'the address where tokens are revoked')(before, after, path);
  },
  clientAuthentication: (before = 'basic', after = 'basic', path) =>
    before === after
      ? [respelled(path, before, after)]
      : compareValue('client-authentication-changed', 'client authentication')(before, after, path),
  scopeStyle: (before = 'space', after = 'space', path) =>
    before === after
      ? [respelled(path, before, after)]
      : compareValue('scope-style-changed', 'how scopes are asked for')(before, after, path),
});

const compareBasic = compareObject<Kind<'basic'>>({ kind, title: compareText });

const compareApiKey = compareObject<Kind<'api_key'>>({
  kind,
  title: compareText,
  header: compareValue('auth-header-changed', 'the header of the key'),
  prefix: compareValue('auth-header-changed', 'what stands before the key'),
});

const compareCustom = compareObject<Kind<'custom'>>({
  kind,
  title: compareText,
  hosts: compareHosts({ added: 'auth-host-added', removed: 'auth-host-removed' }),
  secret: compareSchema('input', 'secret'),
});

/** One way to authenticate, under the same key in both manifests. */
export const compareAuth: Compare<ManifestAuth> = (before, after, path) => {
  if (before.kind === 'oauth2' && after.kind === 'oauth2') return compareOauth2(before, after, path);
  if (before.kind === 'basic' && after.kind === 'basic') return compareBasic(before, after, path);
  if (before.kind === 'api_key' && after.kind === 'api_key') return compareApiKey(before, after, path);
  if (before.kind === 'custom' && after.kind === 'custom') return compareCustom(before, after, path);
  const message = `${subjectOf(path)} was of kind ${quote(before.kind)}, is of kind ${quote(after.kind)}`;
  return [toChange('auth-kind-changed', path, before, after, message)];
};
